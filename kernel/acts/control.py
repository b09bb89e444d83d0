"""Is a signed command folded? The same answer live and in replay."""

from __future__ import annotations

import re
from decimal import Decimal

from kernel import exact, opening
from kernel.acts.signers import signer_of
from kernel.acts.standings import judge_standing
from kernel.folds.commands import CONTROL_TOPIC
from kernel.folds.curbs import WANTED, curbs_of, until_of
from kernel.gates.shape import ID
from kernel.state.accounts import Account, Order
from kernel.state.trading import SCOPES_MAX, tightens
from kernel.state.whole import ACCOUNTS_MAX, SKIPS_MAX, State
from schemas.kinds import Role
from schemas.models import Control, ControlEntry, Envelope, ReceiptStatus, Verb
from schemas.reasons import ControlReason

TIGHTENING = frozenset({Verb.HALT, Verb.REDUCE, Verb.SUSPEND})
OF_MONEY = frozenset({Verb.OPEN, Verb.FUND, Verb.WITHDRAW})
ON_ACCOUNT = frozenset({Verb.OPEN, Verb.FUND, Verb.WITHDRAW, Verb.CLOSE, Verb.SETTLE, Verb.CLEAR})
PAID_IN_MAX = Decimal(10**15)  # USD over an account's life: sums of it stay within what the ledger can write
# The record key of a text on `explanations`: dfid, step, attempt (or a person's act), signer.
TEXT_KEY = re.compile(r"[0-9a-f]{32}(:[a-z0-9._-]{1,64}){3}")
UNSIGNED = frozenset({ControlReason.MALFORMED, ControlReason.KEY_NOT_VALID, ControlReason.BAD_SIGNATURE})


def judge_control(state: State, envelope: Envelope, seq: int) -> ControlReason:
    """FOLDED, or why not, in the order of the table. UNSIGNED reasons bind nobody: no entry is written."""
    command = opening.read(envelope, Control)
    if command is None:
        return ControlReason.MALFORMED
    key = signer_of(state, envelope, (Role.OPERATOR, Role.WATCH), seq)
    if isinstance(key, ControlReason):
        return key
    if command.ledger != state.identity.ledger:
        return ControlReason.WRONG_LEDGER
    if command.serial <= state.core.serials.get((CONTROL_TOPIC, key.keyid), -1):
        return ControlReason.SERIAL_NOT_GREATER
    if key.role is Role.WATCH and command.verb not in TIGHTENING:
        return ControlReason.VERB_NOT_ALLOWED
    if not _is_named_well(command):
        return ControlReason.MALFORMED
    found = _possible(state, command)
    loosens = key.role is Role.WATCH and found is ControlReason.FOLDED and _loosens(state, command)
    return ControlReason.ILLEGAL_TRANSITION if loosens else found


def _is_named_well(command: Control) -> bool:
    """Ids are ids: a name with a line break in it would be another name after a restart."""
    named = (command.account, command.instrument, command.agent_id)
    of_text = command.text_key is None or TEXT_KEY.fullmatch(command.text_key) is not None
    return of_text and all(name is None or ID.fullmatch(name) for name in named)


def closing_word(entry: ControlEntry) -> str | None:
    """Why an operator closed the ledger, when this is the entry that says so."""
    command = opening.read(entry.command, Control) if entry.accepted else None
    return command.reason if command is not None and command.verb is Verb.CLOSE_LEDGER else None


def concerns(state: State, envelope: Envelope) -> bool:
    """Whether a command is about this shard: one that names another shard's account is that shard's entry."""
    command = opening.read(envelope, Control)
    return command is None or command.account is None or state.ours(command.account)


def _possible(state: State, command: Control) -> ControlReason:
    account = None if command.account is None else state.accounts.get(command.account)
    verb = command.verb
    needs = verb in ON_ACCOUNT or (command.account is not None and verb is not Verb.OPEN)
    if verb is Verb.OPEN:
        if command.account is None or account is not None:
            return ControlReason.ILLEGAL_TRANSITION
        if len(state.accounts) >= ACCOUNTS_MAX:
            return ControlReason.OUT_OF_BOUNDS
    elif needs and account is None:
        return ControlReason.UNKNOWN_ACCOUNT
    if verb in OF_MONEY and (command.amount is None or not 0 < command.amount <= PAID_IN_MAX):
        return ControlReason.OUT_OF_BOUNDS
    if account is not None:
        fault = _on_account(account, command, state.now)
        if fault is not None:
            return fault
    return _elsewhere(state, command)


def _on_account(account: Account, command: Control, now: int) -> ControlReason | None:
    match command.verb:
        case Verb.FUND:
            assert command.amount is not None
            most = exact.minus(PAID_IN_MAX, account.deposits)
            return ControlReason.OUT_OF_BOUNDS if command.amount > most else None
        case Verb.WITHDRAW:
            assert command.amount is not None
            return ControlReason.OUT_OF_BOUNDS if command.amount > account.cash else None
        case Verb.CLOSE:
            # What is still in it would be nobody's: it is withdrawn first.
            busy = account.positions or account.orders or account.cash != 0
            return ControlReason.ILLEGAL_TRANSITION if busy else None
        case Verb.SETTLE:
            order = None if command.target is None else account.orders.get(command.target)
            return None if order is not None and _unanswered(order, now) else ControlReason.ILLEGAL_TRANSITION
        case _:
            return None


def _unanswered(order: Order, now: int) -> bool:
    """Whether a person must say what became of an order: its venue cannot, or its time is over.

    Before that the venue's own word is on its way, and a settled order would have no place for it.
    """
    return order.status is ReceiptStatus.UNKNOWN or now > order.valid_until


def _curb(state: State, command: Control) -> ControlReason:
    """One scope, an end that lies ahead, and room for one more: a halt that reaches nothing must be told."""
    if command.lane is not None and (command.account is not None or command.instrument is not None):
        return ControlReason.MALFORMED
    if command.verb is Verb.RESUME:
        return ControlReason.FOLDED
    curbs, scope = curbs_of(state, command)
    full = len(curbs) >= SCOPES_MAX and scope not in curbs
    return ControlReason.OUT_OF_BOUNDS if full or until_of(command) <= state.now else ControlReason.FOLDED


def _loosens(state: State, command: Control) -> bool:
    """The watch may not put a milder or a shorter word in place of an operator's."""
    if command.verb not in (Verb.HALT, Verb.REDUCE):
        return False
    curbs, scope = curbs_of(state, command)
    return not tightens(curbs.get(scope), WANTED[command.verb], until_of(command))


def _elsewhere(state: State, command: Control) -> ControlReason:
    match command.verb:
        case Verb.SUSPEND | Verb.RETIRE | Verb.RESET:
            return judge_standing(state, command)
        case Verb.HALT | Verb.REDUCE | Verb.RESUME:
            return _curb(state, command)
        case Verb.SKIP:
            if command.topic is None or command.partition is None or command.offset is None:
                return ControlReason.MALFORMED
            full = len(state.core.skips) >= SKIPS_MAX
            return ControlReason.OUT_OF_BOUNDS if full else ControlReason.FOLDED
        case Verb.ERASE:
            return ControlReason.FOLDED if command.target else ControlReason.MALFORMED
        case Verb.CLOSE_LEDGER:
            # It ends every shard: one that names a scope was meant for something smaller.
            narrow = (command.account, command.instrument, command.agent_id, command.lane)
            return ControlReason.FOLDED if not any(narrow) else ControlReason.MALFORMED
        case _:
            return ControlReason.FOLDED
