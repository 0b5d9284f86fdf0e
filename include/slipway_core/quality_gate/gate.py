"""A slo.yaml made ready for judging, once per file (evaluation.md 4 and 5)."""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

from slipway_core.keptn import slo
from slipway_core.keptn.problems import Problem
from slipway_core.quality_gate.criteria import Groups, compile_groups


class Goal(NamedTuple):
    """One objective, compiled.

    :param judged: whether it has a pass group; if not, it is only shown
    """

    sli: str
    display_name: str
    weight: float
    key_sli: bool
    judged: bool
    passing: Groups
    warning: Groups


class Gate(NamedTuple):
    """A whole slo.yaml, compiled."""

    slo: slo.Slo
    goals: tuple[Goal, ...]


def compile_gate(file: slo.Slo) -> Gate:
    """Compile the objectives of a slo.yaml."""
    return Gate(file, tuple(_goal(objective) for objective in file.objectives))


@lru_cache(maxsize=256)
def gate_of(data: bytes | str, file: str = "slo.yaml") -> tuple[Gate | None, tuple[Problem, ...]]:
    """Read and compile the text of a slo.yaml; the same text is compiled once.

    :return: the gate, ``None`` when the text cannot be parsed; and what was wrong with its form
    """
    read, problems = slo.read_slo(data, file)
    return (compile_gate(read) if read else None), tuple(problems)


def _goal(objective: slo.Objective) -> Goal:
    return Goal(
        objective.sli,
        objective.display_name,
        float(objective.weight),
        objective.key_sli,
        bool(objective.passing),
        compile_groups(objective.passing),
        compile_groups(objective.warning),
    )
