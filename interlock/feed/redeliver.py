"""A record delivered twice: the first proposal of a demo, sent again as it stood by its own writer.

At-least-once producers do this for a living; the kernel must answer DUPLICATE and change nothing.
"""

from __future__ import annotations

from confluent_kafka import Producer

from interlock.context import Context
from ledger.envelope import PAYLOAD_TYPES, opened
from schemas.models import Intent, Proposal, Report
from schemas.topics import BY_NAME
from schemas.wire import unframed
from transport import kafka_config
from transport.log import Record
from transport.names import physical

NAME = "redelivered proposal"
TOPIC = "proposals"
FLUSH_S = 30.0


def writer_of(record: Record) -> str:
    """The principal that wrote a proposal: who signed its body, and for windows and proofs the arbiter."""
    body = unframed(Proposal, record.value).body
    if body.payload_type == PAYLOAD_TYPES[Report]:
        author = opened(body, Report).agent_id
    elif body.payload_type == PAYLOAD_TYPES[Intent]:
        author = opened(body, Intent).agent_id
    else:
        author = "arbiter"
    return author if author in BY_NAME[TOPIC].writers else "arbiter"


def send_again(there: Context, record: Record) -> None:
    """Write the same key and value to the same partition once more. Raises KafkaException or TimeoutError."""
    producer = Producer(kafka_config.common(there.settings(writer_of(record))) | {"enable.idempotence": True})
    producer.produce(physical(there.name, TOPIC), record.value, record.key, record.partition)
    if producer.flush(FLUSH_S):
        raise TimeoutError(f"the broker did not take the redelivered proposal in {FLUSH_S:.0f} s")
