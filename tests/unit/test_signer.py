"""The signer process signs what its owner may say, on its own ledger, and nothing else."""

import os
from dataclasses import replace

import pytest

from agents.signer import TURN_MAX, SignerClient, SignerProcess, SignerRefused
from agents.signer_process import read_seed
from agents.signer_wire import FRAME_MAX, SignerGone, salt_question
from ledger.envelope import PAYLOAD_TYPES, opened, payload_of, signed_by
from ledger.hashes import explain_salt, tagged
from schemas.models import Intent, Manifest, Receipt
from tests.stream_scenes import LEDGER

SEED = bytes(range(32))
HELLO = Manifest(
    ledger=LEDGER,
    agent_id="sovereign",
    contract_version="1.0.0",
    contract_hash=bytes(32),
    schema_majors=("1",),
    policy_types=(),
    at=0,
)


@pytest.fixture(scope="module")
def key_file(tmp_path_factory):
    path = tmp_path_factory.mktemp("keys") / "sovereign.key"
    path.write_text(SEED.hex() + "\n")
    path.chmod(0o600)
    return path


@pytest.fixture(scope="module")
def signer(key_file):
    client = SignerProcess.start(key_file, ledger=LEDGER, name="sovereign")
    yield client
    client.close()


def test_what_the_owner_says_is_signed_and_verifies(signer: SignerClient):
    envelope = signer.seal(HELLO)
    assert signed_by(envelope, signer.public)
    assert opened(envelope, Manifest) == HELLO
    assert signer.seal(HELLO) == envelope


@pytest.mark.parametrize(
    ("message", "reason"),
    [
        (replace(HELLO, ledger=bytes(16)), "WRONG_LEDGER"),
        (replace(HELLO, agent_id="risk"), "WRONG_NAME"),
    ],
)
def test_another_ledger_or_another_name_is_refused(signer: SignerClient, message, reason):
    with pytest.raises(SignerRefused, match=reason):
        signer.seal(message)


def test_a_type_it_was_not_given_is_refused(signer: SignerClient):
    with pytest.raises(SignerRefused, match="WRONG_TYPE"):
        signer.sign(PAYLOAD_TYPES[Receipt], payload_of(HELLO))


@pytest.mark.parametrize(
    ("payload", "reason"),
    [
        (b"", "WRONG_SCHEMA"),
        (payload_of(HELLO) + b"\x00", "UNREADABLE"),
        (payload_of(HELLO)[:40], "UNREADABLE"),
    ],
)
def test_bytes_that_are_no_strict_message_are_refused(signer: SignerClient, payload, reason):
    with pytest.raises(SignerRefused, match=reason):
        signer.sign(PAYLOAD_TYPES[Manifest], payload)


def test_a_message_of_another_schema_is_refused(signer: SignerClient):
    with pytest.raises(SignerRefused, match="WRONG_SCHEMA"):
        signer.sign(PAYLOAD_TYPES[Intent], payload_of(HELLO))


def test_salts_are_the_same_whenever_asked_and_differ_by_step(signer: SignerClient):
    one = signer.salt(bytes(16), "act", 1)
    assert one == signer.salt(bytes(16), "act", 1)
    assert one != signer.salt(bytes(16), "act", 2)
    assert one != signer.salt(bytes(16), "act2", 1)
    assert one == explain_salt(tagged("interlock/1/salt-key", SEED), bytes(16), "act", 1)


def test_many_in_one_turn_are_what_each_is_alone_and_a_refusal_keeps_step(signer: SignerClient):
    steps = [(bytes([at]) * 16, f"s{at}", at) for at in range(2 * TURN_MAX + 1)]
    assert signer.salts(steps) == [signer.salt(*each) for each in steps]
    assert signer.seals([HELLO] * (TURN_MAX + 1)) == [signer.seal(HELLO)] * (TURN_MAX + 1)
    assert (signer.salts([]), signer.seals([])) == ([], [])
    with pytest.raises(SignerRefused, match="WRONG_NAME"):
        signer.seals([HELLO, replace(HELLO, agent_id="another"), HELLO])
    with pytest.raises(ValueError, match="at most"):
        signer._ask([salt_question(*steps[0]), bytes(FRAME_MAX + 1)])
    assert signer.salt(*steps[3]) == signer.salts(steps)[3]
    assert signer.seal(HELLO) == signer.seals([HELLO])[0]


def test_a_key_that_others_may_read_is_not_used(tmp_path, capfd):
    path = tmp_path / "open.key"
    path.write_text(SEED.hex())
    path.chmod(0o644)
    with pytest.raises(ValueError, match="chmod 600"):
        read_seed(path)
    with pytest.raises(SignerGone, match=r"open\.key"):
        SignerProcess.start(path, ledger=LEDGER, name="sovereign")
    assert "chmod 600" in capfd.readouterr().err


def test_the_signer_ends_with_its_worker(key_file):
    client = SignerProcess.start(key_file, ledger=LEDGER, name="sovereign")
    pid = client._child.pid
    client.close()
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


def test_a_dead_signer_is_an_error_not_a_silence(key_file):
    client = SignerProcess.start(key_file, ledger=LEDGER, name="sovereign")
    client._child.kill()
    client._child.wait(5)
    with pytest.raises(SignerGone):
        client.seal(HELLO)
    client.close()
