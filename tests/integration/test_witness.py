"""The witness's process on a real broker: it sees committed entries only and its note outlives a kill."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from confluent_kafka import Producer

from interlock.witness import note_path, trust_of
from ledger.trust import parse_anchor
from tests.brokers import make_topics, new_ledger
from tests.ledger_sample import LEDGER, OPERATOR, sample, seed_of, signer
from transport import kafka_config
from transport.card import Card, write_card, write_seed
from transport.names import LedgerName, physical
from transport.settings import KafkaSettings

pytestmark = pytest.mark.broker

WHOLE = sample().values
WAIT_S = 30.0


def produce(settings: KafkaSettings, ledger: LedgerName, values: list[bytes], *, commit: bool = True) -> None:
    producer = Producer(kafka_config.writing(settings, f"interlock-kernel-{ledger}-0"))
    producer.init_transactions(WAIT_S)
    producer.begin_transaction()
    for value in values:
        producer.produce(physical(ledger, "kernel.ledger"), value, partition=0)
    if commit:
        producer.commit_transaction(WAIT_S)
    else:
        producer.flush(WAIT_S)
        producer.abort_transaction(WAIT_S)


def started(settings: KafkaSettings, ledger: LedgerName, state: Path) -> subprocess.Popen[bytes]:
    password = state / "password"
    password.write_text(settings.password + "\n", encoding="ascii")
    told = {
        "INTERLOCK_BOOTSTRAP": settings.bootstrap,
        "INTERLOCK_SECURITY": settings.security,
        "INTERLOCK_PRINCIPAL": settings.principal,
        "INTERLOCK_PASSWORD_FILE": str(password),
        "INTERLOCK_LEDGER": ledger,
        "INTERLOCK_STATE": str(state),
    }
    return subprocess.Popen([sys.executable, "-m", "interlock.witness"], env={**os.environ, **told})


def until_size(path: Path, size: int, card: Card) -> None:
    """Wait until the note on disk is cosigned at that size."""
    trust, deadline, seen = trust_of(card, signer("witness").public), time.monotonic() + WAIT_S, -1
    while time.monotonic() < deadline:
        if path.exists():
            anchor = parse_anchor(path.read_text(encoding="utf-8"), trust)
            assert anchor.witnesses == ("witness.interlock.local",)
            seen = anchor.point.size
            if seen == size:
                return
        time.sleep(0.05)
    pytest.fail(f"the witness signed {seen}, not {size}, within {WAIT_S} s")


def test_the_witness_cosigns_what_was_committed_and_goes_on_after_a_kill(broker, tmp_path):
    ledger = new_ledger()
    make_topics(broker, ledger, {"kernel.ledger": 1})
    root = signer("root").public
    card = Card(name=ledger, ledger=LEDGER, operator=OPERATOR, clock="TAPE", shards=1, root=root)
    write_card(tmp_path, card)
    write_seed(tmp_path, ledger, "witness", seed_of("witness"))
    path = note_path(tmp_path, ledger)
    first = started(broker, ledger, tmp_path)
    produce(broker, ledger, WHOLE[:29])
    until_size(path, 28, card)
    produce(broker, ledger, WHOLE[:5], commit=False)  # aborted: a reader of it would refuse to go on
    first.send_signal(signal.SIGKILL)
    first.wait(WAIT_S)
    produce(broker, ledger, WHOLE[29:])
    second = started(broker, ledger, tmp_path)
    until_size(path, 33, card)
    second.send_signal(signal.SIGTERM)
    assert second.wait(WAIT_S) == 0


def test_a_forked_ledger_stops_the_witness_with_the_entry_as_evidence(broker, tmp_path):
    ledger = new_ledger()
    make_topics(broker, ledger, {"kernel.ledger": 1})
    root = signer("root").public
    write_card(
        tmp_path, Card(name=ledger, ledger=LEDGER, operator=OPERATOR, clock="TAPE", shards=1, root=root)
    )
    write_seed(tmp_path, ledger, "witness", seed_of("witness"))
    produce(broker, ledger, [*WHOLE[:25], WHOLE[24]])
    witness = started(broker, ledger, tmp_path)
    assert witness.wait(WAIT_S) == 77
    evidence = note_path(tmp_path, ledger).with_suffix(".refused.json").read_text(encoding="utf-8")
    assert '"reason": "NOT_NEXT"' in evidence
    assert WHOLE[24].hex() in evidence
