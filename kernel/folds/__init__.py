"""How each kind of entry changes the state; nothing else changes it."""
