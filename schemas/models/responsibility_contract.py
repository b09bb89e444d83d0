"""A contract as it is written; what is hashed and signed is its canonical JSON.

Generated from schemas/avro/responsibility_contract.avsc by `interlock schema gen`; edit the schema, not this.
"""

from __future__ import annotations

from dataclasses import dataclass

from schemas.models.action import Action
from schemas.models.authority import Authority
from schemas.models.compensation import Compensation
from schemas.models.contract_budget import ContractBudget
from schemas.models.contract_drift import ContractDrift
from schemas.models.contract_escalation import ContractEscalation
from schemas.models.contract_evidence import ContractEvidence
from schemas.models.contract_inputs import ContractInputs
from schemas.models.contract_limits import ContractLimits
from schemas.models.contract_outputs import ContractOutputs
from schemas.models.contract_retry import ContractRetry
from schemas.models.lane import Lane


@dataclass(frozen=True, slots=True, kw_only=True)
class ResponsibilityContract:
    agent_id: str
    version: str  # SemVer.
    owner: str
    mission: str
    scope: str
    role: str
    inputs: ContractInputs
    outputs: ContractOutputs
    accounts: tuple[str, ...]
    authority: Authority
    topologies: tuple[Lane, ...]
    allowed_instruments: tuple[str, ...]
    allowed_actions: tuple[Action, ...]
    forbidden_actions: tuple[Action, ...]
    allow_short: bool
    priority: int  # 1 is the highest.
    veto: bool
    halt_ttl_s: int
    limits: ContractLimits
    drift: ContractDrift
    retry: ContractRetry
    budget: ContractBudget
    escalation: ContractEscalation
    wake: str
    evidence: ContractEvidence
    abort_on_violations: tuple[str, ...]  # Names of reasons; their table grows.
    compensation: Compensation
    terminate_on_max_loss: bool = False  # The account's end, not only the agent's.
