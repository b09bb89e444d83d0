"""The face: command line, demo, supervisor, local services and reports. Nothing imports it."""
