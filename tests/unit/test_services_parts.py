"""Local services without a service: locked archives, ports, secrets, and the wall as the table builds it."""

import gc
import hashlib
import socket
import threading
import warnings
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from interlock.services import access, java, local, maven, ports, preflight, principals
from interlock.services import versions as at
from interlock.services.access import Kind, Right
from interlock.services.broker_settings import Node, properties, render
from interlock.services.doctor import examine
from interlock.services.faults import ServicesError
from interlock.services.finding import Level, fault, is_healthy, lines, note, ok, some
from interlock.services.maven import Archive
from interlock.services.state import State, write_env, write_private
from interlock.services.topics import BATCH_BYTES, topic_settings
from schemas.topics import ANYONE, BY_NAME, LOOPS, TOPICS
from transport.names import LIVE, group_id, ledger_name, transactional_id, worker_group_id

BYTES = b"what the checkout is locked to"
ARCHIVE = Archive(
    part="kafka",
    coordinate="interlock.test:thing:jar:1.0",
    size_bytes=len(BYTES),
    sha256=hashlib.sha256(BYTES).hexdigest(),
)
DEMO = ledger_name("demo-1")


@pytest.fixture
def remote(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A Maven repository of our own on loopback, and an empty local one."""
    served = tmp_path / "served"
    served.mkdir()

    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            return

    server = ThreadingHTTPServer((ports.HOST, 0), partial(Quiet, directory=str(served)))
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    conf = tmp_path / "jgo.conf"
    conf.write_text(f"[repositories]\nown = http://{ports.HOST}:{server.server_port}\n", encoding="utf-8")
    monkeypatch.setenv("JGO_CONFIG_FILE", str(conf))
    monkeypatch.setenv("M2_REPO", str(tmp_path / "m2"))
    monkeypatch.setattr("jgo.maven._core.DEFAULT_REMOTE_REPOS", {})
    yield served
    server.shutdown()
    thread.join()
    server.server_close()
    with warnings.catch_warnings():
        # jgo streams each answer and never closes one that is not a 200; collected here, it is not our leak.
        warnings.simplefilter("ignore", ResourceWarning)
        gc.collect()


def serve(folder: Path, content: bytes) -> None:
    path = folder / ARCHIVE.path
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)


def test_an_archive_is_fetched_once_and_then_found_without_a_network(remote: Path) -> None:
    serve(remote, BYTES)
    said: list[str] = []
    (path,) = maven.fetch([ARCHIVE], say=said.append)
    assert path.read_bytes() == BYTES
    assert said == ["downloading 1 archives, 0 MB"]
    (remote / ARCHIVE.path).unlink()
    assert maven.fetch([ARCHIVE], say=said.append) == [path]
    assert maven.missing([ARCHIVE]) == ()
    assert len(said) == 1


def test_an_archive_that_is_not_the_locked_one_is_refused_and_not_kept(remote: Path) -> None:
    serve(remote, b"something else, of any length")
    with pytest.raises(ServicesError, match="not the archive this checkout is locked to"):
        maven.fetch([ARCHIVE], say=lambda _: None)
    assert maven.missing([ARCHIVE]) == (ARCHIVE,)
    assert [path for path in maven.repository().rglob("*") if path.is_file()] == []


def test_a_cut_off_archive_in_the_cache_is_fetched_again(remote: Path) -> None:
    serve(remote, BYTES)
    broken = maven.repository() / ARCHIVE.path
    broken.parent.mkdir(parents=True)
    broken.write_bytes(BYTES[:5])
    maven.fetch([ARCHIVE], say=lambda _: None)
    assert broken.read_bytes() == BYTES


def test_an_archive_that_cannot_be_had_names_itself_and_the_way_out(remote: Path) -> None:
    with pytest.raises(ServicesError, match="cannot download interlock") as refused:
        maven.fetch([ARCHIVE], say=lambda _: None)
    assert "network" in refused.value.fix


def test_the_lock_file_holds_the_versions_we_run_and_one_kafka_only() -> None:
    coordinates = {archive.coordinate for archive in maven.locked()}
    assert f"org.apache.kafka:kafka-clients:jar:{at.KAFKA}" in coordinates
    assert f"org.apache.logging.log4j:log4j-slf4j-impl:jar:{at.LOG4J}" in coordinates
    assert [archive.coordinate for archive in maven.locked("registry")] == [at.REGISTRY_COORDINATE]
    versions = {name.rsplit(":", 1)[1] for name in coordinates if name.startswith("org.apache.kafka:")}
    assert versions == {at.KAFKA}
    names = [name.rsplit(":", 1)[0] for name in coordinates]
    assert len(names) == len(set(names))


@pytest.mark.parametrize("line", ["kafka a:b:jar:1 5 abc", "kafka a:b 5 " + "0" * 64, "kafka a:b:jar:1 5"])
def test_a_damaged_lock_file_is_refused(line: str) -> None:
    with pytest.raises(ValueError, match=r"locked archive|unpack"):
        maven.read_lock(line)


def test_a_classifier_stands_before_the_version_and_in_the_file_name() -> None:
    named = replace(ARCHIVE, coordinate="io.apicurio:app:tar.gz:all:3.3.3")
    assert named.path == Path("io/apicurio/app/3.3.3/app-3.3.3-all.tar.gz")


def test_a_taken_port_is_replaced_and_no_port_is_given_twice() -> None:
    with socket.socket() as taken:
        taken.bind((ports.HOST, 0))
        taken.listen(1)
        port = taken.getsockname()[1]
        assert not ports.is_free(port)
        assert ports.answers(port)
        chosen = ports.choose([port, port, port])
    assert port not in chosen
    assert len(set(chosen)) == 3
    assert ports.choose(chosen) == chosen


def test_a_password_is_drawn_once_and_kept_private(tmp_path: Path) -> None:
    state = State(root=tmp_path / "state")
    state.make()
    drawn = state.password("kernel")
    assert state.password("kernel") == drawn
    assert state.password("risk") != drawn
    assert len(drawn) == 32
    assert state.password_file("kernel").stat().st_mode & 0o777 == 0o600
    assert state.secrets.stat().st_mode & 0o777 == 0o700
    wide = state.root / "wide"
    wide.write_text("old", encoding="ascii")
    wide.chmod(0o644)
    write_private(wide, "new")
    assert wide.stat().st_mode & 0o777 == 0o600
    write_env(state.env, {"A": "it's a path"})
    assert state.env.read_text(encoding="utf-8").splitlines()[1] == """export A='it'"'"'s a path'"""


def test_java_reads_an_argument_file_as_it_was_written() -> None:
    assert java.argument_file(['a "b"', "c\\d"]) == '"a \\"b\\""\n"c\\\\d"\n'


def test_every_writer_and_reader_of_the_table_is_a_principal() -> None:
    named = {name for topic in TOPICS for name in (*topic.writers, *topic.readers)} - set(ANYONE)
    assert named - set(principals.PRINCIPALS) == {principals.ANONYMOUS}
    assert len(set(principals.PRINCIPALS)) == len(principals.PRINCIPALS)


@pytest.mark.parametrize("ledger", [LIVE, DEMO])
def test_facts_are_written_by_kernel_space_only(ledger: str) -> None:
    writers: dict[str, set[str]] = {}
    for grant in access.grants(ledger_name(ledger)):
        if grant.kind is Kind.TOPIC and grant.right is Right.WRITE:
            writers.setdefault(grant.name.removeprefix(f"{ledger}."), set()).add(grant.principal)
    for name in ("kernel.ledger", "kernel.verdicts", "kernel.intents", "accounts.view", "kernel.state"):
        assert writers[name] == {"User:kernel"}
    assert writers["venue.receipts"] == {"User:executor"}
    assert {name for name, users in writers.items() if "User:ANONYMOUS" in users} == {"market.signals"}
    assert writers.keys() == BY_NAME.keys()


def test_nobody_anonymous_writes_on_a_ledger_that_is_not_paper() -> None:
    allowed = access.grants(LIVE, paper=False)
    assert not [one for one in allowed if one.principal == "User:ANONYMOUS" and one.right is Right.WRITE]


def test_a_loops_names_are_covered_by_its_own_grants_and_nobody_elses() -> None:
    held = access.grants(DEMO)

    def allowed(kind: Kind, name: str) -> set[str]:
        return {
            one.principal
            for one in held
            if one.kind is kind
            and one.right is not Right.DESCRIBE
            and (name.startswith(one.name) if one.is_prefix else name == one.name)
        }

    for loop in LOOPS:
        assert allowed(Kind.TRANSACTION, transactional_id(DEMO, loop, 3)) == {f"User:{loop}"}
        assert allowed(Kind.GROUP, group_id(DEMO, loop, 3)) == {f"User:{loop}"}
    assert allowed(Kind.GROUP, worker_group_id(DEMO, "strategy")) == {"User:strategy"}
    assert allowed(Kind.GROUP, worker_group_id(DEMO, "strategy") + "y") == set()
    assert {one.name for one in held if one.kind is Kind.TRANSACTION} == {
        f"interlock-{loop}-demo-1-" for loop in LOOPS
    }


def test_one_ledgers_topic_grants_touch_no_other_ledger() -> None:
    live = {one.name for one in access.grants(LIVE) if one.kind is Kind.TOPIC}
    demo = {one.name for one in access.grants(DEMO) if one.kind is Kind.TOPIC}
    assert demo == {f"demo-1.{name}" for name in live}
    assert not [one for one in access.grants(DEMO) if one.kind is Kind.TOPIC and one.is_prefix]


def test_the_ledger_is_never_cleaned_and_every_topic_takes_one_full_batch() -> None:
    ledger = topic_settings(BY_NAME["kernel.ledger"])
    assert (ledger["cleanup.policy"], ledger["retention.ms"], ledger["retention.bytes"]) == (
        "delete",
        "-1",
        "-1",
    )
    for topic in TOPICS:
        settings = topic_settings(topic)
        assert settings["message.timestamp.type"] == "LogAppendTime"
        assert int(settings["max.message.bytes"]) > max(topic.bytes_max, BATCH_BYTES)


@pytest.mark.parametrize("name", ["", "a b", "../x", "x" * 65, "admin", "anonymous", "é"])
def test_a_name_that_is_no_principal_is_refused_before_the_broker_hears_of_it(
    tmp_path: Path, name: str
) -> None:
    with pytest.raises(ValueError, match=r"not a principal|house's own"):
        principals.add_user(State(root=tmp_path), "127.0.0.1:1", name)
    assert list(tmp_path.iterdir()) == []


def test_a_broker_listens_on_loopback_and_only_broker_and_admin_stand_above_the_acls() -> None:
    nodes = [Node(id=n, open=1000 + n, workers=2000 + n, controller=3000 + n) for n in range(3)]
    settings = properties(nodes[1], nodes, data="/data", broker_password="secret")
    places = [part.split("://")[1] for part in settings["listeners"].split(",")]
    assert places == ["127.0.0.1:1001", "127.0.0.1:2001", "127.0.0.1:3001"]
    assert settings["super.users"] == "User:broker;User:admin"
    assert settings["controller.quorum.voters"] == "0@127.0.0.1:3000,1@127.0.0.1:3001,2@127.0.0.1:3002"
    assert (settings["default.replication.factor"], settings["min.insync.replicas"]) == ("3", "2")
    assert "auto.create.topics.enable=false\n" in render(settings)


def test_faults_are_told_first_each_with_its_fix() -> None:
    found = [
        ok("disk", "9 MB"),
        note("acls", "more", fix="nothing"),
        fault("kafka", "gone", fix="interlock up"),
    ]
    assert [line.split()[0] for line in lines(found)] == ["fault", "fix:", "note", "fix:", "ok"]
    assert not is_healthy(found)
    assert is_healthy(found[:2])
    assert some(["d", "b", "a", "c", "e"], shown=2) == "a, b and 3 more"


def test_the_doctor_of_an_empty_folder_says_what_to_do(tmp_path: Path) -> None:
    (found,) = [one for one in examine(tmp_path / "nothing") if one.level is Level.FAULT]
    assert (found.about, found.fix) == ("services", "interlock up")
    assert list(tmp_path.iterdir()) == []


def test_a_full_disk_is_said_before_anything_is_started(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(preflight, "free_mb", lambda _: 3)
    with pytest.raises(ServicesError, match="3 MB free"):
        local.ensure(tmp_path / "state")
    with pytest.raises(ServicesError, match="2 brokers"):
        local.ensure(tmp_path / "state", brokers=2)
    assert local.down(tmp_path / "never") == []
