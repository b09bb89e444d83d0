"""A document that says something impossible is refused when it is loaded, with the field and the fix."""

from __future__ import annotations


class ConfigError(ValueError):
    """CONFIG_ERROR: ``field`` holds ``fault``; ``fix`` says what would be accepted."""

    def __init__(self, field: str, fault: str, fix: str) -> None:
        super().__init__(f"CONFIG_ERROR {field}: {fault}; {fix}")
        self.field = field
        self.fault = fault
        self.fix = fix
