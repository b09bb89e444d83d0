"""Which model may speak: what the signed record names, if it lies here, and nothing else."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from agents.model.manifest import MANIFEST, WEIGHTS, ModelChanged
from interlock.grants import Release
from ledger.registry import Registry
from ledger.signing import Signer
from schemas.canonical import jcs
from schemas.kinds import Role
from schemas.models import DocumentKind
from topologies.stream.released import (
    files_of,
    hash_in,
    in_force,
    model_hash_of,
    must_lie_here,
    releases,
    stored,
)

ROOT, REGISTRY = Signer(bytes([1] * 32)), Signer(bytes([2] * 32))
SHIPPED = json.loads((WEIGHTS / MANIFEST).read_text(encoding="utf-8"))


def registry(*bodies: dict) -> Registry:
    found = Registry(ROOT.public)
    _, first = Release(ROOT).key(REGISTRY.public, REGISTRY.keyid, Role.REGISTRY, ())
    found.fold(1, first)
    release = Release(REGISTRY)
    for number, body in enumerate(bodies, 1):
        _, envelope = release.sign(DocumentKind.MODEL, "sovereign", str(number), jcs(body))
        found.fold(1 + number, envelope)
    return found


def other_model(folder: Path) -> Path:
    """Another model's folder, as far as a manifest tells."""
    folder.mkdir(parents=True)
    files = {**SHIPPED["files"], "model.safetensors": "0" * 64}
    (folder / MANIFEST).write_text(json.dumps({**SHIPPED, "files": files}), encoding="utf-8")
    return folder


def test_the_newest_record_is_in_force():
    other = {**SHIPPED, "files": {**SHIPPED["files"], "model.safetensors": "0" * 64}, "mode": "jump_forward"}
    held = registry(SHIPPED, other)
    found = in_force(held, "sovereign")
    assert found is not None
    assert (found.version, found.mode, found.weights) == (
        "2",
        "jump_forward",
        {"model.safetensors": "0" * 64},
    )
    assert [each.version for each in releases(held, "sovereign")] == ["1", "2"]
    assert [each.version for each in releases(held, "sovereign", last=2)] == ["1"]


def test_the_shipped_model_is_found_without_a_setting(tmp_path):
    found, folder = must_lie_here(in_force(registry(SHIPPED), "sovereign"), tmp_path)
    assert folder == WEIGHTS
    assert found.model_hash == hash_in(WEIGHTS)


def test_a_model_of_ones_own_is_found_in_the_state_folder(tmp_path):
    digest = hash_in(other_model(tmp_path / "made"))
    assert digest is not None
    shutil.copytree(tmp_path / "made", stored(tmp_path, digest))
    record = {"files": files_of((tmp_path / "made" / MANIFEST).read_text(encoding="utf-8"))}
    _, folder = must_lie_here(in_force(registry(SHIPPED, record), "sovereign"), tmp_path)
    assert folder == stored(tmp_path, digest)


@pytest.mark.parametrize(
    ("bodies", "named", "said"),
    [
        ((), None, "no model was released"),
        (({"files": {}},), None, "no model was released"),
        (({"files": {"model.safetensors": "0" * 64}},), None, "does not lie here"),
        ((SHIPPED,), "made", "made holds model"),
        ((SHIPPED,), "nowhere", "nowhere holds no model"),
    ],
)
def test_no_other_model_starts(tmp_path, bodies, named, said):
    other_model(tmp_path / "made")
    with pytest.raises(ModelChanged, match=said):
        must_lie_here(
            in_force(registry(*bodies), "sovereign"), tmp_path, None if named is None else tmp_path / named
        )


@pytest.mark.parametrize(
    "body",
    ['{"files": {"../up": "%s"}}' % ("0" * 64), '{"files": {"a": "00"}}', '{"files": []}', "[]", "no json"],
)
def test_a_record_that_names_no_files_is_none(body):
    assert files_of(body) is None


def test_a_models_hash_is_that_of_every_file_and_name():
    one = {"a": "0" * 64, "b": "1" * 64}
    assert model_hash_of(one) == model_hash_of(dict(reversed(one.items())))
    assert model_hash_of(one) != model_hash_of({"a": "1" * 64, "b": "0" * 64})
