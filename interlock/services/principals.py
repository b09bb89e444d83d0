"""Who may speak to the broker: the principals that exist before its first start, and how one joins later."""

from pathlib import Path
from typing import Any, Final

from interlock.services.faults import ServicesError
from interlock.services.state import State
from schemas.topics import LOOPS, THINKERS

BROKER: Final = "broker"
ADMIN: Final = "admin"
SUPER: Final = (BROKER, ADMIN)  # nobody else bypasses the ACLs
ANONYMOUS: Final = "anonymous"  # whoever comes in through OPEN, without a password
# The release pipeline signs contracts, keys and routing; it has its own principal, apart from the console's.
PRINCIPALS: Final = (*LOOPS, *THINKERS, "witness", "watch", "feeder", "console", "release", *SUPER)
MECHANISM: Final = "SCRAM-SHA-256"
ITERATIONS: Final = 4_096  # the broker's minimum: these passwords are 192 random bits, not words
_TIMEOUT_S = 10.0


def client_config(bootstrap: str, principal: str, password: str) -> dict[str, Any]:
    """Settings of confluent-kafka's clients for one principal on the WORKERS listener."""
    return {
        "bootstrap.servers": bootstrap,
        "security.protocol": "SASL_PLAINTEXT",
        "sasl.mechanism": MECHANISM,
        "sasl.username": principal,
        "sasl.password": password,
    }


def add_user(state: State, bootstrap_admin: str, principal: str) -> Path:
    """Make a principal on a running broker (an agent of one's own); its password file is returned.

    The name is a Kafka principal and a file name: letters, digits, `-` and `_`, at most 64. ValueError if
    not; ServicesError when the broker refuses.
    """
    from confluent_kafka import KafkaException
    from confluent_kafka.admin import (
        AdminClient,
        ScramCredentialInfo,
        ScramMechanism,
        UserScramCredentialUpsertion,
    )

    if not (
        0 < len(principal) <= 64
        and principal.isascii()
        and principal.replace("-", "").replace("_", "").isalnum()
    ):
        raise ValueError(f"not a principal's name: {principal!r}")
    if principal in {*SUPER, ANONYMOUS}:
        raise ValueError(f"{principal} is the house's own")
    admin = AdminClient(client_config(bootstrap_admin, ADMIN, state.password(ADMIN)))
    upsertion = UserScramCredentialUpsertion(
        principal,
        ScramCredentialInfo(ScramMechanism.SCRAM_SHA_256, ITERATIONS),
        state.password(principal).encode("ascii"),
    )
    try:
        for answer in admin.alter_user_scram_credentials([upsertion]).values():
            answer.result(timeout=_TIMEOUT_S)
    except KafkaException as error:
        raise ServicesError(
            f"the broker refused {principal}: {error.args[0].str()}", fix="interlock doctor"
        ) from error
    return state.password_file(principal)
