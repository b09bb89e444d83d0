"""Which major versions of the messages this code reads and writes: a worker and the kernel must share one."""

SCHEMA_MAJORS = ("1",)
MAJORS_MAX = 16  # that a hello may name


def shared(said: tuple[str, ...]) -> bool:
    """Whether somebody who speaks ``said`` can be understood; who names nothing cannot."""
    return len(said) <= MAJORS_MAX and not set(SCHEMA_MAJORS).isdisjoint(said)
