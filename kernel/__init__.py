"""The law: claims come in, facts go out, and nothing here believes anybody."""
