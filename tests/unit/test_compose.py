"""docker-compose.yml is `interlock up` for people who have Docker: same versions, settings and wall."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from interlock.services import broker_settings, docker, java, kafka, local, registry
from interlock.services import versions as at
from interlock.services.faults import ServicesError
from interlock.services.principals import BROKER, MECHANISM, PRINCIPALS
from interlock.services.running import remembered
from interlock.services.state import State

COMPOSE: dict[str, Any] = yaml.safe_load(Path("docker-compose.yml").read_text(encoding="utf-8"))
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
BROKERS = ("kafka-0", "kafka-1", "kafka-2")


def test_the_images_are_the_versions_we_run() -> None:
    wanted = dict.fromkeys(("loopback", *BROKERS), f"apache/kafka:{at.KAFKA}")
    wanted["registry"] = f"apicurio/apicurio-registry:{at.REGISTRY}"
    assert {name: SERVICES[name]["image"] for name in wanted} == wanted


def test_every_image_names_its_version() -> None:
    assert [
        one["image"] for one in SERVICES.values() if not re.search(r":v?\d+(\.\d+)+$", one["image"])
    ] == []


def test_the_profiles_are_core_cluster_ui_and_obs() -> None:
    by_profile = {
        profile: {name for name, one in SERVICES.items() if profile in one["profiles"]} - {"loopback"}
        for profile in ("core", "cluster", "ui", "obs")
    }
    assert by_profile == {
        "core": {"kafka-0", "registry"},
        "cluster": {*BROKERS, "registry"},
        "ui": {"kafka-ui"},
        "obs": {"prometheus", "grafana"},
    }
    assert set(SERVICES["loopback"]["profiles"]) == {"core", "cluster", "ui", "obs"}


def test_heaps_and_jvm_flags_are_those_of_interlock_up() -> None:
    for name in BROKERS:
        environment = SERVICES[name]["environment"]
        assert environment["KAFKA_HEAP_OPTS"] == f"-Xmx{at.HEAP_KAFKA_MB}m -Xms64m"
        assert environment["KAFKA_JVM_PERFORMANCE_OPTS"].split() == list(java.QUICK)
    assert SERVICES["registry"]["environment"]["JAVA_OPTS_APPEND"] == f"-Xmx{at.HEAP_REGISTRY_MB}m"


def test_only_loopback_is_published_and_every_brokers_listeners_are() -> None:
    published = SERVICES["loopback"]["ports"]
    assert [port for port in published if not port.startswith("127.0.0.1:")] == []
    known = {int(port.rsplit(":", 1)[1]) for port in published}
    listeners = {port for node in docker.nodes(3) for port in (node.open, node.workers)}
    assert {*listeners, at.PORT_REGISTRY} <= known
    assert not known & {node.controller for node in docker.nodes(3)}
    assert [name for name, one in SERVICES.items() if "ports" in one] == ["loopback"]
    shared = {name: one.get("network_mode") for name, one in SERVICES.items() if name != "loopback"}
    assert set(shared.values()) == {"service:loopback"}


def test_the_registry_has_the_settings_of_interlock_up(tmp_path: Path) -> None:
    environment = SERVICES["registry"]["environment"]
    ours = registry.settings(State(root=tmp_path), at.PORT_REGISTRY)
    assert environment["QUARKUS_HTTP_PORT"] == ours["quarkus.http.port"]
    assert environment["APICURIO_STORAGE_KIND"] == ours["apicurio.storage.kind"]
    assert environment["APICURIO_STORAGE_SQL_KIND"] == ours["apicurio.storage.sql.kind"]
    inside = ours["apicurio.datasource.url"].replace(str(tmp_path), "/interlock")
    assert environment["APICURIO_DATASOURCE_URL"] == inside
    assert SERVICES["kafka-ui"]["environment"]["KAFKA_CLUSTERS_0_SCHEMAREGISTRY"] == registry.url(
        at.PORT_REGISTRY
    )
    assert SERVICES["kafka-ui"]["environment"]["KAFKA_CLUSTERS_0_PROPERTIES_SASL_MECHANISM"] == MECHANISM


@pytest.mark.parametrize("brokers", [1, 3])
def test_a_containers_broker_settings_differ_in_where_it_listens_and_keeps_its_data(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, brokers: int
) -> None:
    monkeypatch.setattr("interlock.services.ports.is_free", lambda _: True)
    plan = docker.prepare(tmp_path / "state", brokers=brokers)
    state = plan.state
    for node in plan.nodes:
        inside = _properties(docker.folder(state) / f"kafka-{node.id}.properties")
        local_settings = broker_settings.properties(
            node,
            plan.nodes,
            data=str(kafka.data_folder(state, node.id)),
            broker_password=state.password(BROKER),
        )
        assert {key for key in local_settings if inside[key] != local_settings[key]} == {
            "listeners",
            "log.dirs",
        }
        assert inside.keys() == local_settings.keys()
    arguments = (docker.folder(state) / "format.arguments").read_text(encoding="utf-8")
    assert arguments.count("--add-scram") == len(PRINCIPALS)
    assert f'"{plan.cluster}"' in arguments
    private = [*docker.folder(state).iterdir(), state.root / "docker.env"]
    assert {path.stat().st_mode & 0o777 for path in private} == {0o600}
    assert remembered(state) == plan
    assert docker.next_command(plan).endswith(f"--profile {'core' if brokers == 1 else 'cluster'} up -d")


def test_what_compose_mounts_and_asks_of_the_environment_is_what_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("interlock.services.ports.is_free", lambda _: True)
    plan = docker.prepare(tmp_path / "state", brokers=3)
    written = {
        line.split("=")[0] for line in (plan.root / "docker.env").read_text(encoding="utf-8").splitlines()
    }
    asked = set(re.findall(r"\$\{(\w+)", Path("docker-compose.yml").read_text(encoding="utf-8")))
    assert asked == written
    for name in (*BROKERS, "registry"):
        for mount in SERVICES[name]["volumes"]:
            outside, inside = mount.replace("${INTERLOCK_STATE:-./.interlock}", str(plan.root)).split(":")[:2]
            assert Path(outside).exists()
            assert inside in {
                docker.DATA,
                docker.PROPERTIES,
                "/interlock/format.arguments",
                "/interlock/registry",
            }


def test_a_folder_given_to_compose_is_not_taken_over_and_ours_is_not_given_away(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("interlock.services.ports.is_free", lambda _: True)
    monkeypatch.setattr("interlock.services.running.answers", lambda _: False)
    plan = docker.prepare(tmp_path / "state")
    with pytest.raises(ServicesError, match="docker compose was to run"):
        local.ensure(plan.root)
    assert local.down(plan.root) == []
    own = State(root=tmp_path / "own")
    own.make()
    plan.__class__(root=own.root, cluster="x", nodes=plan.nodes, registry_port=plan.registry_port).remember()
    with pytest.raises(ServicesError, match="belongs to our own services"):
        docker.prepare(own.root)


def _properties(path: Path) -> dict[str, str]:
    lines = path.read_text(encoding="utf-8").splitlines()
    return dict(line.split("=", 1) for line in lines)


def test_a_broker_can_write_its_chatter_whoever_runs_it() -> None:
    for name in BROKERS:
        folder = SERVICES[name]["environment"]["LOG_DIR"]
        assert f"{folder}:mode=1777" in SERVICES[name]["tmpfs"]
