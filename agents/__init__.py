"""The claims: agents, the language they may speak, and the model that speaks it."""
