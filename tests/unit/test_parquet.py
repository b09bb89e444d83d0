"""Parquet holds every entry's own bytes; its columns say nothing that those do not."""

import json

import pyarrow.parquet as pq

from interlock.parquet import read_values, write_parquet
from ledger.merkle import leaf_hash
from tests.tamper_world import values


def test_the_values_come_back_byte_for_byte(tmp_path):
    assert write_parquet(tmp_path / "0.parquet", values()) == len(values())
    assert tuple(read_values(tmp_path / "0.parquet")) == values()


def test_the_columns_are_projections_of_the_entries(tmp_path):
    write_parquet(tmp_path / "0.parquet", values())
    table = pq.read_table(tmp_path / "0.parquet").to_pylist()
    decisions = [row for row in table if row["kind"] == "DECISION"]
    assert [row["verdict"] for row in decisions] == ["ACCEPTED"] * 3
    assert {row["reason"] for row in decisions} == {"NONE"}
    for place, row in enumerate(table):
        assert (row["seq"], row["leaf"]) == (place, leaf_hash(values()[place]))
    filled = [json.loads(row["body"]) for row in table if row["kind"] == "RECEIPT"]
    assert {each["receipt"]["message"]["status"] for each in filled} == {"FILLED"}
