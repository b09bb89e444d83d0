"""The house keeps itself honest: directions, the wall, sizes, deaf cores, nothing of this machine."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
FOLDERS = ("schemas", "rules", "ledger", "transport", "agents", "topologies", "kernel", "interlock")
MAY_IMPORT = {
    "schemas": set(),
    "rules": {"schemas"},
    "ledger": {"schemas"},
    "transport": {"schemas"},
    "agents": {"schemas", "rules", "ledger"},
    "topologies": {"schemas", "rules", "ledger", "transport", "agents"},
    "kernel": {"schemas", "rules", "ledger", "transport"},
    "interlock": set(FOLDERS),
}
LINES_MAX, FUNCTION_LINES_MAX, WIDTH_MAX = 200, 40, 110

# Files that touch the outside world; everything else is told the time, its ids and its settings.
EDGES = re.compile(
    r"^(interlock/.*|transport/.*|schemas/(generate|publish)\.py|ledger/(__main__|cli|verify_cli|archive|witness_process)\.py"
    r"|.*/(process|worker|signer|attestor|.*_process|.*_worker|registry_follow)\.py|kernel/venues/.*"
    r"|topologies/(following|faust_worker|.*_edge)\.py|agents/model/.*|agents/signer.*\.py)$"
)
DEAF = {
    "time": "now is an argument",
    "random": "nothing is drawn in a core",
    "secrets": "nothing is drawn in a core",
    "socket": "no network outside edges",
    "requests": "no network outside edges",
    "http": "no network outside edges",
    "urllib": "no network outside edges",
    "confluent_kafka": "Kafka is behind the Log port",
    "faust": "Faust is an edge",
    "aiokafka": "Faust's driver is an edge",
}
DEAF_CALLS = {"uuid4", "uuid1", "now", "utcnow", "today", "getenv", "environ"}


def sources() -> list[Path]:
    return [path for folder in FOLDERS for path in sorted((ROOT / folder).rglob("*.py"))]


def named(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def imports(path: Path) -> set[str]:
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
            found.add(node.module)
            found.update(f"{node.module}.{alias.name}" for alias in node.names)
    return found


def test_imports_run_downward_only():
    wrong = [
        f"{named(path)} imports {module}"
        for path in sources()
        for module in sorted(imports(path))
        if (top := module.split(".")[0]) in FOLDERS
        and top != (own := named(path).split("/")[0])
        and top not in MAY_IMPORT[own]
    ]
    assert wrong == []


def test_relative_imports_are_not_used():
    wrong = [
        named(path)
        for path in sources()
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.ImportFrom) and node.level
    ]
    assert wrong == []


def test_no_module_imports_itself_in_a_circle():
    modules = {
        named(path).removesuffix(".py").removesuffix("/__init__").replace("/", "."): path
        for path in sources()
    }
    graph = {name: sorted(imports(path) & modules.keys() - {name}) for name, path in modules.items()}
    done: set[str] = set()

    def walk(name: str, trail: tuple[str, ...]) -> None:
        assert name not in trail, " -> ".join((*trail[trail.index(name) :], name))
        if name not in done:
            for target in graph[name]:
                # A package's __init__ re-exports its parts; that is one idea in several files, no circle.
                if not (trail and f"{target}." in f"{name}." and modules[target].name == "__init__.py"):
                    walk(target, (*trail, name))
            done.add(name)

    for name in graph:
        walk(name, ())


def test_files_and_functions_are_short():
    wrong = []
    for path in sources():
        text = path.read_text(encoding="utf-8")
        lines = [] if named(path).startswith("schemas/models/") else text.splitlines()
        if len(lines) > LINES_MAX:
            wrong.append(f"{named(path)}: {len(lines)} lines")
        wrong += [
            f"{named(path)}:{n}: {len(line)} wide" for n, line in enumerate(lines, 1) if len(line) > WIDTH_MAX
        ]
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                size = (node.end_lineno or 0) - node.lineno + 1
                if size > FUNCTION_LINES_MAX:
                    wrong.append(f"{named(path)}: {node.name} has {size} lines")
    assert wrong == []


def test_every_module_says_its_idea():
    assert [
        named(path)
        for path in sources()
        if not ast.get_docstring(ast.parse(path.read_text(encoding="utf-8")))
    ] == []


def test_cores_are_deaf():
    wrong = []
    for path in sources():
        if EDGES.match(named(path)):
            continue
        wrong += [
            f"{named(path)}: {top}: {DEAF[top]}" for m in imports(path) if (top := m.split(".")[0]) in DEAF
        ]
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if (
                isinstance(node, ast.Attribute)
                and node.attr in DEAF_CALLS
                and isinstance(node.value, ast.Name)
            ):
                if node.value.id in ("uuid", "datetime", "date", "os"):
                    wrong.append(f"{named(path)}:{node.lineno}: {node.value.id}.{node.attr}")
    assert sorted(set(wrong)) == []


def test_only_an_outermost_loop_catches_everything():
    allowed = re.compile(
        r"^(schemas/codec\.py|.*/(process|worker|.*_process|.*_worker|loop|blame|supervisor|cli.*)\.py|interlock/.*)$"
    )
    wrong = []
    for path in sources():
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ExceptHandler):
                broad = node.type is None or (
                    isinstance(node.type, ast.Name) and node.type.id in ("Exception", "BaseException")
                )
                if broad and not allowed.match(named(path)):
                    wrong.append(f"{named(path)}:{node.lineno}")
    assert wrong == []


def test_no_floats_where_a_decision_is_made():
    decided = ("rules", "kernel", "ledger", "schemas")
    wrong = []
    for path in sources():
        if named(path).split("/")[0] not in decided or named(path) == "schemas/canonical.py":
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if (
                isinstance(node, ast.Constant)
                and isinstance(node.value, float)
                and not EDGES.match(named(path))
            ):
                wrong.append(f"{named(path)}:{node.lineno}: {node.value}")
    assert wrong == []


def tracked() -> list[Path]:
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    if listed.returncode != 0:
        pytest.fail("the house test reads the tree through git, and git answered: " + listed.stderr)
    return [ROOT / name for name in listed.stdout.splitlines() if (ROOT / name).is_file()]


def test_nothing_of_this_machine_and_no_download_address_is_committed():
    hosts = (
        "pypi." + "org",
        "files.python" + "hosted",
        "maven.apache" + ".org",
        "repo1." + "maven",
        "registry." + "npmjs",
    )
    patterns = re.compile(
        "|".join(
            [re.escape(host) for host in hosts] + ["/wo" + "rk/", "/ro" + "ot/", r"(?<![\w.])/tm" + "p/"]
        )
    )
    wrong = []
    for path in tracked():
        try:
            text = path.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue
        wrong += [f"{named(path)}: {found.group()}" for found in patterns.finditer(text)]
    assert wrong == []


def test_generated_models_are_those_of_the_schemas():
    from schemas import generate

    for name, text in generate.sources().items():
        assert (generate.MODELS / name).read_text(encoding="utf-8") == text, (
            f"{name}: run `interlock schema gen`"
        )


def test_the_product_never_depends_on_the_shared_folder():
    wrong = [named(path) for path in sources() if "../sha" + "red" in path.read_text(encoding="utf-8")]
    assert [name for name in wrong if not name.startswith(("interlock/tape/", "agents/model/"))] == []


def test_the_tools_here_are_those_of_the_lock():
    lock = (ROOT / "requirements.lock").read_text(encoding="utf-8")
    assert "--hash=sha256:" in lock
    assert "://" not in lock
    assert sys.version_info[:2] >= (3, 11)


def test_pages_made_from_tables_are_up_to_date():
    from interlock import docs

    for name, text in docs.pages().items():
        assert (docs.FOLDER / name).read_text(encoding="utf-8") == text, f"{name}: python -m interlock.docs"
