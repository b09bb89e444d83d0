"""What a worker says of itself.

Generated from schemas/avro/worker_state.avsc by `interlock schema gen`; edit the schema, not this.
"""

from enum import StrEnum


class WorkerState(StrEnum):
    STARTING = "STARTING"
    RUNNING = "RUNNING"
    SLEEPING = "SLEEPING"
    PAUSED = "PAUSED"
    STOPPING = "STOPPING"
    STOPPED = "STOPPED"
