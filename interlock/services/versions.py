"""What runs: the one place where versions and first-choice ports of local services stand.

docker-compose.yml names the same ones; tests/unit/test_compose.py compares them.
"""

from typing import Final

KAFKA: Final = "4.3.1"
REGISTRY: Final = "3.3.3"
# Kafka ships without a logging back end for the SLF4J it calls; resolved on its own, because asked for in
# one resolution the two managed version lists mix (kafka-clients 3.8.0 beside a 4.3.1 broker).
LOG4J: Final = "2.25.4"

ROOTS: Final = (
    ("kafka", f"org.apache.kafka:kafka_2.13:{KAFKA}"),
    ("kafka", f"org.apache.logging.log4j:log4j-slf4j-impl:{LOG4J}"),
)
REGISTRY_COORDINATE: Final = f"io.apicurio:apicurio-registry-app:tar.gz:all:{REGISTRY}"

# Ports people know, taken where they are free; broker n starts ten above its neighbour.
PORT_OPEN: Final = 9092
PORT_WORKERS: Final = 9093
PORT_CONTROLLER: Final = 9094
PORT_STEP: Final = 10
PORT_REGISTRY: Final = 8081

HEAP_KAFKA_MB: Final = 512
HEAP_REGISTRY_MB: Final = 256
BROKERS_MAX: Final = 3
# Unpacked registry, a day of topics and logs; checked before anything is downloaded.
DISK_NEEDED_MB: Final = 1_500
PLATFORMS: Final = "Linux and macOS (x86-64, arm64)"
