"""The stream road (SDS): one trigger, one agent, one inference, one atom."""
