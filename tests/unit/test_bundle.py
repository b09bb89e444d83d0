"""A flow's bundle: projections that a manifest binds to the entries they were made from."""

import json
from decimal import Decimal
from hashlib import sha256

import pytest

from ledger import bundle_cli
from ledger.archive import write_archive
from ledger.bundle import NoFlow, bundle
from ledger.merkle import leaf_hash
from schemas import models as m
from tests.build import World


def sold():
    """Something bought, then most of it sold."""
    world = World()
    world.bought("0.5")
    flow = world.flow()
    world.propose(flow, world.intent(flow, m.Action.SELL, quantity=Decimal("0.4"), limit_price=Decimal(3990)))
    world.run()
    order = world.order
    world.receipt(order, m.ReceiptStatus.SENT)
    world.receipt(order, m.ReceiptStatus.FILLED, Decimal("0.4"), Decimal(3999), fee="1.6")
    world.run()
    return world.ledger, flow.dfid


LEDGER, DFID = sold()


def test_the_deltas_are_what_each_receipt_moved_exactly():
    told = json.loads(bundle(LEDGER, DFID)["deltas.json"])["deltas"]
    assert [each["status"] for each in told] == ["SENT", "FILLED"]
    assert [told[0][name] for name in ("position", "cash", "fee")] == ["0", "0", "0"]
    assert [told[1][name] for name in ("position", "cash", "fee")] == ["-0.4", "1598", "1.6"]


def test_the_manifest_binds_every_file_and_every_entry():
    files = bundle(LEDGER, DFID)
    manifest = json.loads(files["manifest.json"])
    assert manifest["files"] == {
        name: sha256(text.encode()).hexdigest() for name, text in files.items() if name != "manifest.json"
    }
    assert [each["leaf"] for each in manifest["entries"]] == [
        leaf_hash(LEDGER[each["seq"]]).hex() for each in manifest["entries"]
    ]


def test_the_trajectory_is_the_flow_from_its_opening_to_its_last_receipt():
    told = json.loads(bundle(LEDGER, DFID)["trajectory.json"])["entries"]
    assert [each["kind"] for each in told] == ["FLOW", "DECISION", "RECEIPT", "RECEIPT"]
    ruled = json.loads(bundle(LEDGER, DFID)["decision.json"])["rulings"]
    assert [each["body"]["verdict"] for each in ruled] == ["ACCEPTED"]


def test_the_same_ledger_gives_the_same_bytes():
    assert bundle(LEDGER, DFID) == bundle(list(LEDGER), DFID)


def test_a_flow_nobody_knows_has_no_bundle():
    with pytest.raises(NoFlow):
        bundle(LEDGER, bytes(16))


def test_the_command_writes_the_four_files(tmp_path):
    with (tmp_path / "0.ilk").open("wb") as file:
        write_archive(file, LEDGER)
    assert bundle_cli.main([DFID.hex(), str(tmp_path), "-o", str(tmp_path / "b")]) == 0
    assert sorted(path.name for path in (tmp_path / "b").iterdir()) == [
        "decision.json", "deltas.json", "manifest.json", "trajectory.json",
    ]  # fmt: skip
    assert bundle_cli.main(["00" * 16, str(tmp_path), "-o", str(tmp_path / "c")]) == 1
    assert bundle_cli.main(["zz", str(tmp_path), "-o", str(tmp_path / "c")]) == 64
