"""Who signed each thing must have been allowed to, at that entry: by key history alone, not by anyone's word.

What the kernel itself refused as forged (a REJECTED decision of the integrity or evidence gate, a command or
hello it did not accept) stands in the ledger to be seen, and is no finding: refusing it was the law at work.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

from ledger.avro_bytes import Malformed
from ledger.dsse import SIGNATURES_MAX, pae, payload_type_of
from ledger.entry import Leaf
from ledger.findings import Code
from ledger.keys import Key, KeyFault, KeyRing, enroller, read_key_document
from ledger.note import Checkpoint
from ledger.shapes import Shapes
from ledger.strict import verify
from ledger.trust import Trust
from schemas.kind_table import EntryKind, Role

Body = dict[str, Any]
Say = Callable[[int, Code, object, object], None]

SIGNERS: dict[str, tuple[Role, ...]] = {
    "FlowOpened": (Role.SELECTOR,),
    "Intent": (Role.AGENT,),
    "Report": (Role.AGENT, Role.ARBITER, Role.SELECTOR),
    "WindowRecord": (Role.ARBITER,),
    "Attestation": (Role.ATTESTOR,),
    "KernelIntent": (Role.KERNEL_INTENT,),
    "Receipt": (Role.EXECUTOR,),
    "Control": (Role.OPERATOR, Role.WATCH),
    "HumanDecision": (Role.OPERATOR,),
    "Instruction": (Role.PRINCIPAL,),
    "Manifest": (Role.AGENT, Role.ATTESTOR),
    "RegistryDocument": (Role.REGISTRY,),
}
BOUND_BY: dict[Role, tuple[str, ...]] = {
    Role.AGENT: ("agent_id",),
    Role.ATTESTOR: ("attestor_id", "agent_id"),
    Role.PRINCIPAL: ("account",),
}
TIGHTENING = frozenset({"HALT", "REDUCE", "SUSPEND", "RETIRE"})
_FORGERY_GATES = (1, 8)


def open_envelope(envelope: Body, shapes: Shapes) -> tuple[str, Body]:
    """Return name and fields of the message inside. Raises Malformed when type, schema or bytes disagree."""
    payload: bytes = envelope["payload"]
    form = shapes.get(payload[:32])
    if form is None:
        raise Malformed("a payload whose schema no entry has named")
    if envelope["payload_type"] != payload_type_of(form.name):
        raise Malformed(f"a {form.name} sealed as {envelope['payload_type'][:80]!r}")
    return form.name, form.read(payload[32:])


def refused_as_forged(body: Body) -> bool:
    """Say whether a decision is a refusal by the integrity or the evidence gate (reasons 1xx and 8xx)."""
    return body["verdict"] == "REJECTED" and body["reason"] // 100 in _FORGERY_GATES


@dataclass(slots=True, kw_only=True)
class Signatures:
    """The key history so far, and every signature checked against it at its own sequence."""

    say: Say
    trust: Trust | None
    ring: KeyRing = field(default_factory=KeyRing)

    def entry(self, entry: Leaf, body: Body, origin: str, shapes: Shapes) -> None:
        """Check all signatures that an entry's body holds."""
        match entry.kind:
            case EntryKind.GENESIS:
                self._genesis(entry, body)
            case EntryKind.CHECKPOINT:
                self._checkpoint(entry, body, origin)
            case EntryKind.SCHEMA if body["document"] is not None:
                self._signed(entry, body["document"], ("RegistryDocument",), shapes)
            case EntryKind.KEY:
                self._key(entry, body["document"], shapes)
            case kind if EntryKind.CONTRACT <= kind < EntryKind.KEY:
                self._signed(entry, body["document"], ("RegistryDocument",), shapes)
            case EntryKind.FLOW:
                self._signed(entry, body["flow"], ("FlowOpened",), shapes)
            case EntryKind.DECISION if not refused_as_forged(body):
                self._judged(entry, body, shapes)
            case EntryKind.REPORT:
                self._judged(entry, body, shapes)
            case EntryKind.RECEIPT:
                self._signed(entry, body["receipt"], ("Receipt",), shapes)
            case EntryKind.CONTROL if body["accepted"]:
                self._signed(entry, body["command"], ("Control",), shapes)
            case EntryKind.MANIFEST if body["accepted"]:
                self._signed(entry, body["manifest"], ("Manifest",), shapes)
            case EntryKind.HUMAN if not refused_as_forged(body):
                self._signed(entry, body["act"], ("HumanDecision",), shapes)

    def _genesis(self, entry: Leaf, body: Body) -> None:
        self.ring = KeyRing.of_root(body["root_key"])
        if self.trust is None:
            self.say(entry.seq, Code.SIGNER_UNKNOWN, "a trust file naming the root key", body["root_key"])
            return
        if body["root_key"] not in self.trust.roots:
            self.say(entry.seq, Code.ROOT_KEY_UNTRUSTED, "a root key of the trust file", body["root_key"])
        if (entry.ledger, body["operator"]) != (self.trust.ledger, self.trust.operator):
            expected = f"{self.trust.operator}/{self.trust.ledger.hex()}"
            self.say(entry.seq, Code.TRUST_MISMATCH, expected, f"{body['operator']}/{entry.ledger.hex()}")

    def _checkpoint(self, entry: Leaf, body: Body, origin: str) -> None:
        key = self._holder(entry.seq, body["keyid"], (Role.KERNEL_LOG,))
        text = Checkpoint(origin=origin, size=body["size"], root=body["root"]).text()
        if key is not None and not verify(key.public, text.encode(), body["signature"]):
            self.say(
                entry.seq, Code.SIGNATURE_BAD, "the kernel's signature over this root", body["signature"]
            )

    def _key(self, entry: Leaf, envelope: Body, shapes: Shapes) -> None:
        roles = (Role.REGISTRY, Role.ROOT)
        found = self._signed(entry, envelope, ("RegistryDocument",), shapes, roles)
        if found is None or len(envelope["signatures"]) != 1:
            return
        document = read_key_document(found["body"])
        if isinstance(document, KeyFault):
            self.say(entry.seq, Code.KEY_REFUSED, "a KEY document", document)
            return
        ring = self.ring.admit(entry.seq, document, envelope["signatures"][0]["keyid"])
        if isinstance(ring, KeyFault):
            self.say(entry.seq, Code.KEY_REFUSED, f"enrolled by {enroller(document.role).name}", ring)
        else:
            self.ring = ring

    def _judged(self, entry: Leaf, body: Body, shapes: Shapes) -> None:
        message = self._signed(entry, body["body"], ("Intent", "Report", "WindowRecord"), shapes)
        if message is not None and message["account"] != body["account"]:
            self.say(entry.seq, Code.FOREIGN_ACCOUNT, body["account"], message["account"])
        for answer in (message or {}).get("answers", ()):
            self._signed(entry, answer, ("Intent", "Report"), shapes)
        for each in body.get("attestations", ()):
            self._signed(entry, each, ("Attestation",), shapes)
        if body.get("intent") is not None:
            self._signed(entry, body["intent"], ("KernelIntent",), shapes)

    def _signed(
        self,
        entry: Leaf,
        envelope: Body,
        names: tuple[str, ...],
        shapes: Shapes,
        roles: tuple[Role, ...] | None = None,
    ) -> Body | None:
        """Check an envelope as a whole; return its message if it can be read, whoever signed it."""
        try:
            name, message = open_envelope(envelope, shapes)
        except Malformed as error:
            self.say(entry.seq, Code.ENVELOPE_MALFORMED, " or ".join(names), error)
            return None
        keyids = [each["keyid"] for each in envelope["signatures"]]
        ordered = all(a < b for a, b in pairwise(keyids))
        if name not in names or not ordered or not 0 < len(keyids) <= SIGNATURES_MAX:
            self.say(
                entry.seq, Code.ENVELOPE_MALFORMED, " or ".join(names), f"{name}, {len(keyids)} signatures"
            )
            return message
        if message.get("ledger", entry.ledger) != entry.ledger:
            self.say(entry.seq, Code.FOREIGN_LEDGER, entry.ledger, message["ledger"])
        signed = pae(envelope["payload_type"], envelope["payload"])
        for each in envelope["signatures"]:
            key = self._holder(entry.seq, each["keyid"], roles or SIGNERS[name])
            if key is not None and verify(key.public, signed, each["sig"]):
                self._is_bound(entry.seq, key, message)
            elif key is not None:
                self.say(
                    entry.seq, Code.SIGNATURE_BAD, f"{key.role.name}'s signature of a {name}", each["sig"]
                )
        return message

    def _holder(self, seq: int, keyid: bytes, roles: tuple[Role, ...]) -> Key | None:
        """Return the key if history allows it to sign in one of these roles here; say why not otherwise."""
        key = self.ring.keys.get(keyid)
        wanted = " or ".join(role.name for role in roles)
        if key is None:
            self.say(seq, Code.KEY_UNKNOWN, wanted, keyid)
        elif key.role not in roles:
            self.say(seq, Code.KEY_WRONG_ROLE, wanted, key.role.name)
        elif not key.valid_at(seq):
            self.say(seq, Code.KEY_NOT_VALID, f"valid at {seq}", f"{key.valid_from_seq} to {key.revoked_seq}")
        else:
            return key
        return None

    def _is_bound(self, seq: int, key: Key, message: Body) -> None:
        names = [message[field] for field in BOUND_BY.get(key.role, ()) if field in message][:1]
        if key.role in BOUND_BY and not set(names) & set(key.bound):
            self.say(seq, Code.SIGNED_AS_ANOTHER, ", ".join(key.bound), ", ".join(names))
        if key.role is Role.WATCH and message["verb"] not in TIGHTENING:
            self.say(seq, Code.VERB_NOT_ALLOWED, ", ".join(sorted(TIGHTENING)), message["verb"])
