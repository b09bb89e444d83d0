"""Who signed each thing must have been allowed to, at that entry: by key history alone, not by anyone's word.

What the kernel itself refused as forged (a REJECTED decision of the integrity or evidence gate, a command or
hello it did not accept) stands in the ledger to be seen, and is no finding: refusing it was the law at work.
"""

from dataclasses import dataclass, field
from functools import lru_cache
from itertools import pairwise
from typing import Any

from ledger.dsse import SIGNATURES_MAX, pae, payload_type_of
from ledger.entry import Leaf
from ledger.findings import Code, Say
from ledger.keys import Key, KeyFault, KeyRing, enroller, read_key_document
from ledger.note import Checkpoint
from ledger.shapes import BUILT_IN, Form, Malformed, Shapes, form_of
from ledger.strict import verify
from ledger.trust import Trust
from schemas.kind_table import EntryKind, Role

Body = dict[str, Any]
Roles = tuple[Role, ...]

# Where signed messages stand in entries (and in a window), and what each place may hold.
HELD: dict[str, tuple[str, ...]] = {
    "document": ("RegistryDocument",), "flow": ("FlowOpened",), "body": ("Intent", "Report", "WindowRecord"),
    "answers": ("Intent", "Report"), "attestations": ("Attestation",), "intent": ("KernelIntent",),
    "receipt": ("Receipt",), "command": ("Control",), "manifest": ("Manifest",), "act": ("HumanDecision",),
}  # fmt: skip
SIGNERS: dict[str, Roles] = {
    "RegistryDocument": (Role.REGISTRY,), "FlowOpened": (Role.SELECTOR,), "Intent": (Role.AGENT,),
    "Report": (Role.AGENT, Role.ARBITER, Role.SELECTOR), "WindowRecord": (Role.ARBITER,),
    "Attestation": (Role.ATTESTOR,), "KernelIntent": (Role.KERNEL_INTENT,), "Receipt": (Role.EXECUTOR,),
    "Control": (Role.OPERATOR, Role.WATCH), "Manifest": (Role.AGENT, Role.ATTESTOR),
    "HumanDecision": (Role.OPERATOR,), "Instruction": (Role.PRINCIPAL,),
}  # fmt: skip
BOUND_BY = {Role.AGENT: "agent_id", Role.ATTESTOR: "attestor_id", Role.PRINCIPAL: "account"}
TIGHTENING = ("HALT", "REDUCE", "SUSPEND", "RETIRE")
_FORGERY_GATES = (1, 8)
_wanted = lru_cache(lambda roles: " or ".join(role.name for role in roles))
ENVELOPE = form_of(BUILT_IN["Envelope"])


# What one level has opened the next one opens again; nobody changes what he is given.
_opened = lru_cache(maxsize=16)(Form.read)


def open_envelope(envelope: Body, shapes: Shapes) -> tuple[str, Body]:
    """Return name and fields of the message inside. Raises Malformed when type, schema or bytes disagree."""
    payload: bytes = envelope["payload"]
    form = shapes.get(payload[:32])
    if form is None or envelope["payload_type"] != payload_type_of(form.name):
        raise Malformed(f"sealed as {envelope['payload_type'][:80]!r} in a schema that is not its own")
    return form.name, _opened(form, payload[32:])


def refused_as_forged(body: Body) -> bool:
    """Say whether the kernel refused what this entry holds: not accepted, or by a reason 1xx or 8xx."""
    rejected = body.get("verdict") == "REJECTED" and body["reason"] // 100 in _FORGERY_GATES
    return rejected or body.get("accepted") is False


@dataclass(slots=True, kw_only=True)
class Signatures:
    """The key history so far, and every signature checked against it at its own sequence."""

    say: Say
    trust: Trust | None
    shapes: Shapes
    ring: KeyRing = field(default_factory=KeyRing)

    def entry(self, entry: Leaf, body: Body, origin: str) -> None:
        """Check all signatures that an entry's body holds. Raises Malformed on what cannot be opened."""
        if entry.kind == EntryKind.GENESIS:
            self._genesis(entry, body)
        elif entry.kind == EntryKind.CHECKPOINT:
            text = Checkpoint(origin=origin, size=body["size"], root=body["root"]).text().encode()
            self._signer(entry.seq, body["keyid"], body["signature"], text, (Role.KERNEL_LOG,))
        elif not refused_as_forged(body):
            for holder in (body, *body.get("compensations", ())):
                self._held(entry, holder)

    def _genesis(self, entry: Leaf, body: Body) -> None:
        self.ring = KeyRing.of_root(body["root_key"])
        if self.trust is None:
            self.say(entry.seq, Code.SIGNER_UNKNOWN, "a trust file naming the root key", body["root_key"])
        elif body["root_key"] not in self.trust.roots:
            self.say(entry.seq, Code.ROOT_KEY_UNTRUSTED, "a root key of the trust file", body["root_key"])
        elif (entry.ledger, body["operator"]) != (self.trust.ledger, self.trust.operator):
            self.say(entry.seq, Code.TRUST_MISMATCH, self.trust.operator, body["operator"])

    def _held(self, entry: Leaf, holder: Body) -> None:
        for place, names in HELD.items():
            held = holder.get(place) or ()
            for envelope in held if isinstance(held, list | tuple) else (held,):
                self._envelope(entry, holder, envelope, names)

    def _envelope(self, entry: Leaf, holder: Body, envelope: Body, names: tuple[str, ...]) -> None:
        name, message = open_envelope(envelope, self.shapes)
        keyids = [each["keyid"] for each in envelope["signatures"]]
        ordered = all(a < b for a, b in pairwise(keyids))
        if name not in names or not 0 < len(keyids) <= SIGNATURES_MAX or not ordered:
            raise Malformed(f"a {name} with {len(keyids)} signatures where {' or '.join(names)} belongs")
        for own, code in (("ledger", Code.FOREIGN_LEDGER), ("account", Code.FOREIGN_ACCOUNT)):
            expected = entry.ledger if own == "ledger" else holder.get(own)
            if own in message and expected is not None and message[own] != expected:
                self.say(entry.seq, code, expected, message[own])
        signed = pae(envelope["payload_type"], envelope["payload"])
        roles = (Role.REGISTRY, Role.ROOT) if entry.kind == EntryKind.KEY else SIGNERS[name]
        keys = [self._signer(entry.seq, s["keyid"], s["sig"], signed, roles) for s in envelope["signatures"]]
        for key in filter(None, keys):
            self._is_bound(entry.seq, key, message)
        if entry.kind == EntryKind.KEY:
            self._admit(entry.seq, message, keys[0])
        elif name == "FlowOpened" and message["trigger"]["instruction"] is not None:
            instruction = ENVELOPE.read(message["trigger"]["instruction"])
            self._envelope(entry, message, instruction, ("Instruction",))
        elif name == "WindowRecord":
            self._held(entry, message)

    def _admit(self, seq: int, message: Body, signer: Key | None) -> None:
        document = read_key_document(message["body"])
        if isinstance(document, KeyFault) or signer is None:
            self.say(seq, Code.KEY_REFUSED, "a key document of an enroller", document)
            return
        ring = self.ring.admit(seq, document, signer.keyid)
        if isinstance(ring, KeyFault):
            self.say(seq, Code.KEY_REFUSED, f"enrolled by {enroller(document.role).name}", ring)
        else:
            self.ring = ring

    def _signer(self, seq: int, keyid: bytes, sig: bytes, signed: bytes, roles: Roles) -> Key | None:
        """Return the key if history allows it these roles here and its signature holds; else say why not."""
        key, wanted = self.ring.keys.get(keyid), _wanted(roles)
        if key is None:
            self.say(seq, Code.KEY_UNKNOWN, wanted, keyid)
        elif key.role not in roles:
            self.say(seq, Code.KEY_WRONG_ROLE, wanted, key.role.name)
        elif not key.valid_at(seq):
            self.say(seq, Code.KEY_NOT_VALID, f"valid at {seq}", f"{key.valid_from_seq} to {key.revoked_seq}")
        elif not verify(key.public, signed, sig):
            self.say(seq, Code.SIGNATURE_BAD, f"a signature of {wanted}", sig)
        else:
            return key
        return None

    def _is_bound(self, seq: int, key: Key, message: Body) -> None:
        said = message.get(BOUND_BY.get(key.role, ""), message.get("agent_id"))
        if key.role in BOUND_BY and said not in key.bound:
            self.say(seq, Code.SIGNED_AS_ANOTHER, ", ".join(key.bound), said)
        if key.role is Role.WATCH and message["verb"] not in TIGHTENING:
            self.say(seq, Code.VERB_NOT_ALLOWED, ", ".join(TIGHTENING), message["verb"])
        if message.get("verb") == "ERASE":
            self.say(seq, Code.ERASED, message["target"], f"its text taken away by {key.keyid.hex()}")
