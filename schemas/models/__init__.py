"""Every message as a frozen dataclass."""

from schemas.models.account_view import AccountView
from schemas.models.account_view_record import AccountViewRecord
from schemas.models.action import Action
from schemas.models.agent_standing import AgentStanding
from schemas.models.agent_state import AgentState
from schemas.models.attestation import Attestation
from schemas.models.attestation_record import AttestationRecord
from schemas.models.authority import Authority
from schemas.models.bar import Bar
from schemas.models.batch_entry import BatchEntry
from schemas.models.checkpoint_entry import CheckpointEntry
from schemas.models.clock_tick import ClockTick
from schemas.models.close_entry import CloseEntry
from schemas.models.compensation import Compensation
from schemas.models.compensation_ruling import CompensationRuling
from schemas.models.contract_budget import ContractBudget
from schemas.models.contract_cutoff import ContractCutoff
from schemas.models.contract_drift import ContractDrift
from schemas.models.contract_escalation import ContractEscalation
from schemas.models.contract_evidence import ContractEvidence
from schemas.models.contract_inputs import ContractInputs
from schemas.models.contract_limits import ContractLimits
from schemas.models.contract_outputs import ContractOutputs
from schemas.models.contract_retry import ContractRetry
from schemas.models.control import Control
from schemas.models.control_entry import ControlEntry
from schemas.models.decision_entry import DecisionEntry
from schemas.models.document_entry import DocumentEntry
from schemas.models.document_kind import DocumentKind
from schemas.models.entry import Entry
from schemas.models.envelope import Envelope
from schemas.models.epoch_entry import EpochEntry
from schemas.models.escalation import Escalation
from schemas.models.escalation_entry import EscalationEntry
from schemas.models.evidence_policy import EvidencePolicy
from schemas.models.evidence_request import EvidenceRequest
from schemas.models.explanation import Explanation
from schemas.models.fact import Fact
from schemas.models.flow_entry import FlowEntry
from schemas.models.flow_opened import FlowOpened
from schemas.models.flow_record import FlowRecord
from schemas.models.flow_status import FlowStatus
from schemas.models.generation import Generation
from schemas.models.genesis import Genesis
from schemas.models.guidance import Guidance
from schemas.models.header import Header
from schemas.models.headline_digest import HeadlineDigest
from schemas.models.headline_text import HeadlineText
from schemas.models.holding_diff import HoldingDiff
from schemas.models.human_choice import HumanChoice
from schemas.models.human_decision import HumanDecision
from schemas.models.human_entry import HumanEntry
from schemas.models.input_range import InputRange
from schemas.models.instruction import Instruction
from schemas.models.instruction_record import InstructionRecord
from schemas.models.instrument_quote import InstrumentQuote
from schemas.models.instrument_view import InstrumentView
from schemas.models.intent import Intent
from schemas.models.intent_kind import IntentKind
from schemas.models.kernel_intent import KernelIntent
from schemas.models.lane import Lane
from schemas.models.mandate import Mandate
from schemas.models.mandate_view import MandateView
from schemas.models.manifest import Manifest
from schemas.models.manifest_entry import ManifestEntry
from schemas.models.mark import Mark
from schemas.models.market_signal import MarketSignal
from schemas.models.news import News
from schemas.models.past_decision import PastDecision
from schemas.models.position import Position
from schemas.models.proposal import Proposal
from schemas.models.quarantined import Quarantined
from schemas.models.quote import Quote
from schemas.models.quote_seen import QuoteSeen
from schemas.models.receipt import Receipt
from schemas.models.receipt_entry import ReceiptEntry
from schemas.models.receipt_status import ReceiptStatus
from schemas.models.refinement_round import RefinementRound
from schemas.models.refusal_entry import RefusalEntry
from schemas.models.registry_document import RegistryDocument
from schemas.models.report import Report
from schemas.models.report_entry import ReportEntry
from schemas.models.report_kind import ReportKind
from schemas.models.responsibility_contract import ResponsibilityContract
from schemas.models.routing_match import RoutingMatch
from schemas.models.routing_row import RoutingRow
from schemas.models.routing_table import RoutingTable
from schemas.models.rule_parameter import RuleParameter
from schemas.models.rule_set import RuleSet
from schemas.models.schema_entry import SchemaEntry
from schemas.models.side import Side
from schemas.models.signal_kind import SignalKind
from schemas.models.signature import Signature
from schemas.models.snapshot import Snapshot
from schemas.models.standing import Standing
from schemas.models.time_in_force import TimeInForce
from schemas.models.timer import Timer
from schemas.models.trade import Trade
from schemas.models.trading_state import TradingState
from schemas.models.trigger import Trigger
from schemas.models.urgency import Urgency
from schemas.models.usage import Usage
from schemas.models.verb import Verb
from schemas.models.verdict import Verdict
from schemas.models.verdict_record import VerdictRecord
from schemas.models.window_kind import WindowKind
from schemas.models.window_record import WindowRecord
from schemas.models.window_return import WindowReturn
from schemas.models.woken_agent import WokenAgent
from schemas.models.worker_state import WorkerState

__all__ = [
    "AccountView",
    "AccountViewRecord",
    "Action",
    "AgentStanding",
    "AgentState",
    "Attestation",
    "AttestationRecord",
    "Authority",
    "Bar",
    "BatchEntry",
    "CheckpointEntry",
    "ClockTick",
    "CloseEntry",
    "Compensation",
    "CompensationRuling",
    "ContractBudget",
    "ContractCutoff",
    "ContractDrift",
    "ContractEscalation",
    "ContractEvidence",
    "ContractInputs",
    "ContractLimits",
    "ContractOutputs",
    "ContractRetry",
    "Control",
    "ControlEntry",
    "DecisionEntry",
    "DocumentEntry",
    "DocumentKind",
    "Entry",
    "Envelope",
    "EpochEntry",
    "Escalation",
    "EscalationEntry",
    "EvidencePolicy",
    "EvidenceRequest",
    "Explanation",
    "Fact",
    "FlowEntry",
    "FlowOpened",
    "FlowRecord",
    "FlowStatus",
    "Generation",
    "Genesis",
    "Guidance",
    "Header",
    "HeadlineDigest",
    "HeadlineText",
    "HoldingDiff",
    "HumanChoice",
    "HumanDecision",
    "HumanEntry",
    "InputRange",
    "Instruction",
    "InstructionRecord",
    "InstrumentQuote",
    "InstrumentView",
    "Intent",
    "IntentKind",
    "KernelIntent",
    "Lane",
    "Mandate",
    "MandateView",
    "Manifest",
    "ManifestEntry",
    "Mark",
    "MarketSignal",
    "News",
    "PastDecision",
    "Position",
    "Proposal",
    "Quarantined",
    "Quote",
    "QuoteSeen",
    "Receipt",
    "ReceiptEntry",
    "ReceiptStatus",
    "RefinementRound",
    "RefusalEntry",
    "RegistryDocument",
    "Report",
    "ReportEntry",
    "ReportKind",
    "ResponsibilityContract",
    "RoutingMatch",
    "RoutingRow",
    "RoutingTable",
    "RuleParameter",
    "RuleSet",
    "SchemaEntry",
    "Side",
    "SignalKind",
    "Signature",
    "Snapshot",
    "Standing",
    "TimeInForce",
    "Timer",
    "Trade",
    "TradingState",
    "Trigger",
    "Urgency",
    "Usage",
    "Verb",
    "Verdict",
    "VerdictRecord",
    "WindowKind",
    "WindowRecord",
    "WindowReturn",
    "WokenAgent",
    "WorkerState",
]
