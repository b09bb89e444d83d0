"""Makes the lock file anew, after a version has changed: `python -m interlock.services.relock`.

It walks each root on its own and hashes what it gets; whoever commits the result vouches for it.
"""

import sys
from collections.abc import Iterator
from pathlib import Path

from interlock.services import maven
from interlock.services.versions import REGISTRY_COORDINATE, ROOTS

HEAD = """\
# Every Java archive that local services load: part, coordinate, bytes, SHA-256. Nothing else is started.
# Made by: python -m interlock.services.relock
"""


def resolved() -> Iterator[tuple[str, str, Path]]:
    """Part, coordinate and file of everything the roots need."""
    import jgo
    from jgo.maven import MavenContext

    for part, root in ROOTS:
        for artifact in jgo.resolve(root):
            yield part, str(artifact), Path(artifact.resolve())
    group, name, packaging, classifier, version = REGISTRY_COORDINATE.split(":")
    component = MavenContext().project(group, name).at_version(version)
    yield "registry", REGISTRY_COORDINATE, Path(component.artifact(classifier, packaging).resolve())


def main() -> int:
    """Write the lock file."""
    found = sorted(
        {f"{part} {name} {path.stat().st_size} {maven.sha256(path)}" for part, name, path in resolved()}
    )
    maven.LOCK_FILE.write_text(HEAD + "\n".join(found) + "\n", encoding="ascii")
    sys.stdout.write(f"{len(found)} archives\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
