"""slo.yaml → alert rules: a criterion that must hold, turned round (evaluation.md 12, R83)."""

from __future__ import annotations

import re
from collections.abc import Mapping as Map
from typing import Any, NamedTuple

from slipway_core.keptn.criterion import Criterion
from slipway_core.keptn.event import Scope
from slipway_core.keptn.slo import Slo
from slipway_core.quality_gate.messages import number_text

SEVERITY = "webhook"  # the label by which Alertmanager hands an alert on
_DEPLOYMENT = "primary"
_PLAIN_NUMBER = re.compile(r"(0|[1-9][0-9]*)(\.[0-9]+)?")
# They bind less than a comparison, and a comment would hide it.
_NEEDS_BRACKETS = re.compile(r"\b(?:and|or|unless)\b|#", re.IGNORECASE)


class Rule(NamedTuple):
    """One alert rule.

    :param name: of the alert; it is the indicator's, and so what a remediation.yaml has as `problemType`
    :param expression: in PromQL; gives something while the limit is missed
    """

    name: str
    expression: str


def rules_of(slo: Slo, queries: Map[str, str | None]) -> tuple[Rule, ...]:
    """Return the alert rules of a service; of several criteria for one indicator, the last counts.

    Only what passes counts, not what warns. A criterion that is relative, an equality or invalid gives no rule.

    :param slo: its objectives
    :param queries: indicator → query with its placeholders filled; an indicator without one gives no rule
    """
    found = {}
    for objective in slo.objectives:
        query = (queries.get(objective.sli) or "").strip()
        for criterion in (one for group in objective.passing for one in group if query):
            if missed := _missed(criterion):
                found[objective.sli] = Rule(objective.sli, f"{_bracketed(query)}{missed}")
    return tuple(found.values())


def group_name(scope: Scope) -> str:
    """Return the name of the group that holds the rules of a service in a stage."""
    return f"{scope.service} {scope.project}-{scope.stage} alerts"


def rule_data(rule: Rule, scope: Scope, pending: float) -> dict[str, Any]:
    """Return a rule as it stands in a rules file of Prometheus.

    :param scope: whose rule it is
    :param pending: seconds for which the limit must be missed before the alert fires
    """
    return {
        "alert": rule.name,
        "expr": rule.expression,
        "for": _duration(pending),
        "labels": {
            "severity": SEVERITY,
            "pod_name": f"{scope.service}-{_DEPLOYMENT}",
            **scope._asdict(),
            "deployment": _DEPLOYMENT,
        },
        "annotations": {"summary": rule.name, "descriptions": "Pod name {{ $labels.pod_name }}"},
    }


def _missed(criterion: Criterion) -> str:
    """Return the comparison that holds when a criterion does not, such as `>600`; empty when there is none."""
    packed = criterion.text.replace(" ", "")
    if criterion.fault or any(sign in packed for sign in "+-%"):  # also of an exponent, as in Keptn
        return ""
    comparison = {"<": ">", ">": "<"}.get(criterion.operator[:1])
    if not comparison:
        return ""
    # Numbers that Prometheus would read otherwise, such as 010, are written anew.
    written = packed.removeprefix(criterion.operator)
    return comparison + (written if _PLAIN_NUMBER.fullmatch(written) else number_text(criterion.number))


def _bracketed(query: str) -> str:
    return f"({query}\n)" if _NEEDS_BRACKETS.search(query) else query


def _duration(seconds: float) -> str:
    """Return a duration as Prometheus writes it: `10m`, `1h30m`, `0s`; it knows no fractions."""
    left, text = round(seconds * 1000), ""
    for unit, size in (("h", 3_600_000), ("m", 60_000), ("s", 1000), ("ms", 1)):
        count, left = divmod(left, size)
        text += f"{count}{unit}" if count else ""
    return text or "0s"
