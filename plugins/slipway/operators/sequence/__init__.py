"""Slipway's own tasks around those of a sequence: the first takes the run's input, the last ones say how it ended."""

from slipway.operators.sequence.begin import CONTEXTS, BeginSequence, Evaluates, InputRefused
from slipway.operators.sequence.finish import FINISH_TASK_ID, FinishSequence
from slipway.operators.sequence.result import SequenceResult
from slipway.task_report import HANDOVER_KEY, RESULT_TASK_ID

__all__ = [
    "CONTEXTS",
    "FINISH_TASK_ID",
    "HANDOVER_KEY",
    "RESULT_TASK_ID",
    "BeginSequence",
    "Evaluates",
    "FinishSequence",
    "InputRefused",
    "SequenceResult",
]
