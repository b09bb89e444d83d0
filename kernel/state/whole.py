"""The whole state of one shard. It is changed by `kernel.fold` alone; everybody else only looks."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field

from kernel.state.accounts import Account
from kernel.state.flows import Flow
from kernel.state.grants import Grants
from kernel.state.leaving import Leaving
from kernel.state.memory import Memory
from kernel.state.standing import AgentRecord, tightened
from kernel.state.trading import Curb
from ledger.hashes import shard_of
from ledger.registry import Registry
from schemas.models import Mark, Standing

ACCOUNTS_MAX = 100_000
MANIFESTS_MAX = 8  # versions of one agent that may run beside each other
SKIPS_MAX = 1_000
READS_MAX = 1_000  # one a second of those in which a quote may still be asked for, and one before them
Place = tuple[str, int]  # (topic, partition)


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """What a kernel is told and GENESIS repeats. ledger: 16 bytes; root: 32-byte public key.

    continues: the last notes of the ledger before this one, as texts; empty of one that begins by itself.
    """

    name: str
    ledger: bytes
    operator: str
    clock: str
    shards: int
    root: bytes
    shard: int
    continues: tuple[bytes, ...] = ()


@dataclass(slots=True, kw_only=True)
class Core:
    """The small things: time, positions, trading states, numbers already used.

    serials: (topic, key id) -> last serial. quote_reads: (now, first offset) of reads, a second apart,
    whose quotes may still be asked for, oldest first. days: zone -> micros of its next local day. curbs: an
    operator's word on everything (``*``), ``lane/…`` or ``instrument/…``.
    """

    now: int = 0
    seq: int = 0  # the next entry's
    epoch: int = 0
    checked_at: int = -(1 << 62)  # now of the last CHECKPOINT
    checked_seq: int = 0  # seq after the last CHECKPOINT
    positions: dict[Place, int] = field(default_factory=dict)
    curbs: dict[str, Curb] = field(default_factory=dict)
    standings: dict[str, Standing] = field(default_factory=dict)
    manifests: dict[str, dict[str, bytes]] = field(default_factory=dict)
    serials: dict[tuple[str, bytes], int] = field(default_factory=dict)
    skips: set[tuple[str, int, int]] = field(default_factory=set)
    marks: dict[str, Mark] = field(default_factory=dict)
    quote_reads: deque[tuple[int, int]] = field(default_factory=deque)
    days: dict[str, int] = field(default_factory=dict)
    expiries: list[tuple[int, bytes]] = field(default_factory=list)  # heap of (flow_expires_at, dfid)
    overdue: list[bytes] = field(default_factory=list)  # flows whose time ran out in this batch
    closed: bool = False


class State:
    """Everything folded so far.

    Derived, and no part of a snapshot: holders (who is exposed to an instrument), halted (accounts with a
    halt or curb that time may end), framed (accounts that may hold a mandate), dirty (accounts this entry
    changed), touched (accounts changed since somebody last asked).
    """

    def __init__(self, identity: Identity) -> None:
        self.identity = identity
        self.core = Core()
        self.registry = Registry(identity.root)
        self.grants = Grants(registry=self.registry)
        self.accounts: dict[str, Account] = {}
        self.flows: dict[bytes, Flow] = {}
        self.leaving = Leaving()  # flows, by the times of their triggers
        self.memory = Memory()
        self.agents: dict[tuple[str, str], AgentRecord] = {}
        self.holders: dict[str, set[str]] = {}
        self.halted: set[str] = set()
        self.framed: set[str] = set()
        self.dirty: dict[str, None] = {}
        self.touched: dict[str, None] = {}

    @property
    def now(self) -> int:
        """The last BATCH's time, micros UTC."""
        return self.core.now

    def agent(self, account: str, agent_id: str) -> AgentRecord:
        """The record of an agent on an account, to be read; one that has done nothing is not kept."""
        return self.agents.get((account, agent_id)) or AgentRecord()

    def own_agent(self, account: str, agent_id: str) -> AgentRecord:
        """The record of an agent on an account, to be changed by a fold."""
        return self.agents.setdefault((account, agent_id), AgentRecord())

    def standing(self, account: Account, agent_id: str) -> Standing:
        """The stricter of an agent's standing everywhere and on one account."""
        here = account.standings.get(agent_id, Standing.ACTIVE)
        return tightened(self.core.standings.get(agent_id, Standing.ACTIVE), here)

    def ours(self, account: str) -> bool:
        """Whether the account lives on this shard."""
        return shard_of(account, self.identity.shards) == self.identity.shard

    def touch(self, account: str) -> None:
        """Note that an account changed: its view is made anew after the entry."""
        self.dirty[account] = None

    def index(self, account: Account, before: frozenset[str]) -> None:
        """Bring holders up to date after an account's exposure may have changed."""
        after = account.exposed()
        for instrument in before - after:
            self.holders[instrument].discard(account.account)
            if not self.holders[instrument]:
                del self.holders[instrument]
        for instrument in after - before:
            self.holders.setdefault(instrument, set()).add(account.account)
