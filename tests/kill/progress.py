"""Whether thinkers' groups have committed as far as they have read, on topics full of transaction markers."""

from __future__ import annotations

import time

from confluent_kafka import Consumer, TopicPartition

from interlock.context import Context
from interlock.programs import OF_LANE
from schemas.models import Lane
from tests.kill.stage import Stage
from transport import kafka_config
from transport.faust_app import COMMIT_S
from transport.names import physical, worker_group_id

READS = {Lane.EOAM: "flows.eoam", Lane.SDS: "flows.sds", Lane.DLPCI: "flows.dlpci"}
ATTESTED = "evidence.requests"
INTERVALS = 10  # of committing, waited for at rest: a timer on a busy machine is late


def behind(stage: Stage) -> list[str]:
    """Groups that have not committed past the last record of what they read."""
    found: list[str] = []
    for lane in stage.lanes:
        for agent in OF_LANE[lane]:
            topic = ATTESTED if agent == "heuristic" else READS[lane]
            found += _behind(stage.there, agent, topic)
    return found


def _behind(there: Context, agent: str, topic: str) -> list[str]:
    records = list(there.read(topic))
    if not records:
        return []
    wanted = records[-1].offset + 1
    deadline = time.monotonic() + INTERVALS * COMMIT_S
    while (committed := _committed(there, agent, topic)) < wanted and time.monotonic() < deadline:
        time.sleep(COMMIT_S)
    if committed >= wanted:
        return []
    return [f"{agent} has read {topic} to {wanted} and committed {committed} ({len(records)} records)"]


def _committed(there: Context, agent: str, topic: str) -> int:
    """How far the group of a worker has committed; asked as the worker, who alone may."""
    settings = there.settings(agent)
    group = Consumer(kafka_config.reading(settings, worker_group_id(there.name, agent)))
    try:
        (answer,) = group.committed([TopicPartition(physical(there.name, topic), 0)], 10)
        return int(answer.offset)
    finally:
        group.close()
