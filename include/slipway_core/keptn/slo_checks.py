"""What is allowed in a slo.yaml, but hardly meant: errors where no evaluation could ever succeed, else warnings."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from slipway_core.keptn.criterion import NO_CRITERION, Criterion
from slipway_core.keptn.fields import Fields
from slipway_core.keptn.problems import NOTE, WARNING
from slipway_core.keptn.source import Mapping, Source

if TYPE_CHECKING:
    from slipway_core.keptn.slo import Comparison, Objective, Percentage, Slo

AGGREGATES = ("avg", "p50", "p90", "p95")
_TOP = ("spec_version", "filter", "comparison", "objectives", "total_score")
_COMPARISON = ("compare_with", "include_result_with_score", "number_of_comparison_results", "aggregate_function")
_OBJECTIVE = ("sli", "displayName", "pass", "warning", "weight", "key_sli")


def note_keys_of_file(fields: Fields) -> None:
    """Report the keys at the top of the file that nobody reads."""
    elsewhere = dict.fromkeys(_COMPARISON, "under 'comparison'") | dict.fromkeys(_OBJECTIVE, "to an objective")
    fields.note_unknown((*_TOP, "kind", "apiVersion", "metadata"), elsewhere)


def note_keys_of_objective(fields: Fields) -> None:
    """Report the keys of one objective that nobody reads."""
    fields.note_unknown(_OBJECTIVE, {"criteria": "under 'pass' or 'warning'"})


def check(slo: Slo, source: Source) -> None:
    """Report what is wrong with a file that can be parsed."""
    if isinstance(source.root, Mapping) and (comparison := source.root.get("comparison")):
        Fields(source, comparison, "'comparison'").note_unknown(_COMPARISON)
        _check_comparison(slo.comparison, source, comparison)
    if not slo.objectives:
        source.report(None, "there is no objective: every evaluation fails.", "List one under 'objectives'.", WARNING)
    for objective in slo.objectives:
        _check_objective(objective, source)
    for sli, times in Counter(objective.sli for objective in slo.objectives).items():
        if times > 1:
            line = [objective.line for objective in slo.objectives if objective.sli == sli][1]
            message = f"'{sli}' has {times} objectives: each needs a value of its own (evaluation.md R57)."
            source.report(line, message, "Give the indicator a second name, or merge the criteria.", WARNING)
    _check_total(slo, source)


def _check_comparison(comparison: Comparison, source: Source, node: object) -> None:
    def line(key: str) -> int:
        return node.line_of(key) if isinstance(node, Mapping) else comparison.line

    if comparison.compare_with not in ("single_result", "several_results"):
        written = f"'{comparison.compare_with}'" if comparison.compare_with else "nothing"
        message = f"compare_with says {written}: the last 3 evaluations are used, whatever the number says."
        source.report(line("compare_with"), message, "Write single_result or several_results.", WARNING)
    if not 1 <= comparison.results <= 100:
        message = f"number_of_comparison_results is {comparison.number}: no evaluation can be made."
        source.report(line("number_of_comparison_results"), message, "Write a number from 1 to 100.")
    elif comparison.compare_with == "single_result" and comparison.number > 1 and _has(node, _COMPARISON[2]):
        message = f"number_of_comparison_results {comparison.number} is ignored: single_result uses one."
        source.report(line(_COMPARISON[2]), message, "Write several_results, or remove it.", WARNING)
    if comparison.aggregate not in AGGREGATES:
        message = f"aggregate_function '{comparison.aggregate}' is unknown: every baseline is 0."
        source.report(line("aggregate_function"), message, f"Write one of {', '.join(AGGREGATES)}.", WARNING)
    included = Fields(source, node if isinstance(node, Mapping) else None, "'comparison'").text(_COMPARISON[1])
    if included and included.lower() not in ("pass", "pass_or_warn", "all"):
        message = f"include_result_with_score '{included}' is unknown: all results are used, failed ones too."
        source.report(line(_COMPARISON[1]), message, "Write pass, pass_or_warn or all.", WARNING)


def _has(node: object, key: str) -> bool:
    return isinstance(node, Mapping) and node.get(key) is not None


def _check_objective(objective: Objective, source: Source) -> None:
    line = objective.line
    if not objective.sli:
        source.report(line, "an objective names no 'sli': it can never get a value.", "Name an indicator.", WARNING)
    if not objective.passing and objective.warning:
        message = "it has 'warning' but no 'pass': it is only shown, never judged."
        source.report(line, message, "Add 'pass', or remove 'warning'.", WARNING)
    if not objective.passing and objective.key_sli:
        source.report(line, "key_sli has no effect without 'pass'.", severity=NOTE)
    if objective.passing and objective.key_sli and not objective.display_name:
        source.report(line, "a key objective without displayName: the verdict cannot name it.", severity=NOTE)
    if objective.weight < 0:
        source.report(line, f"weight {objective.weight} lowers the score when it passes.", severity=WARNING)
    for groups in (objective.passing, objective.warning):
        if any(not group for group in groups):
            message = "a group has no criteria: it always holds, and adds nothing to the score (evaluation.md R40)."
            source.report(line, message, "List criteria, or remove the group.", WARNING)
    for criterion in (criterion for group in objective.passing for criterion in group):
        _check_criterion(criterion, source, "every evaluation that gets a value fails")
    for criterion in (criterion for group in objective.warning for criterion in group):
        _check_criterion(criterion, source, "the warning band is never reached", WARNING)


def _check_criterion(criterion: Criterion, source: Source, effect: str, severity: str = "error") -> None:
    if criterion.fault:
        what = "does not begin with <, <=, =, >= or >" if criterion.fault == NO_CRITERION else "has no number"
        advice = 'Write it like "<=600" or "<=+10%", in quotes: a bare > means something else in YAML.'
        source.report(criterion.line, f"criterion '{criterion.text}' {what}: {effect}.", advice, severity)


def _check_total(slo: Slo, source: Source) -> None:
    root = source.root
    where = root.line_of("total_score") if isinstance(root, Mapping) else 1
    if slo.passing is None:
        advice = "Write 'total_score:' with 'pass: \"90%\"' under it."
        source.report(where, "total_score.pass is missing: no evaluation can be made.", advice)
    for share, key in ((slo.passing, "pass"), (slo.warning, "warning")):
        if share is not None:
            _check_share(share, key, source)
    numbers = [share.number for share in (slo.passing, slo.warning) if share and share.number is not None]
    if slo.passing and slo.warning and len(numbers) == 2 and numbers[1] > numbers[0]:
        message = f"warning {slo.warning.text} is above pass {slo.passing.text}: there is no warning band."
        source.report(slo.warning.line, message, "Lower it, or remove it.", WARNING)


def _check_share(share: Percentage, key: str, source: Source) -> None:
    if share.number is None:
        message = f"total_score.{key} '{share.text}' is no percentage: no evaluation can be made."
        source.report(share.line, message, f"Write '{key}: \"90%\"', without blanks.")
    elif share.number > 100 and key == "pass":
        source.report(share.line, f"total_score.pass {share.text} is above 100%: nothing reaches it.", "", WARNING)
