"""Back to where the ledger stands: the last snapshot, and every entry after it, checked link by link."""

from __future__ import annotations

from kernel.fold import Diverged, fold
from kernel.snapshot import Snapshot, hashes_of, restored
from kernel.state.whole import Identity, State
from ledger.avro_record import Malformed
from ledger.chain import Head
from ledger.entry import Leaf, decode_entry
from ledger.hashes import leaf_hash
from ledger.registry import RegistryRefused
from schemas.codec import Unreadable, decode, schema_hash
from schemas.kinds import BODY, EntryKind
from transport.log import Reader
