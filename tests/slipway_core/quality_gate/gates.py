"""Short ways to write a slo.yaml, values and history in the tests of this folder."""

from datetime import UTC, datetime, timedelta

from slipway_core.quality_gate.finished import evaluate
from slipway_core.quality_gate.values import Answer, Earlier, Scope, SliValue

SCOPE = Scope("p", "s", "x")
TOTAL = '{pass: "90%", warning: "75%"}'
SINGLE = "{compare_with: single_result, include_result_with_score: all}"


def slo(*objectives, total=TOTAL, comparison=None):
    """Return a slo.yaml; objectives are written in YAML's flow style."""
    lines = [f"comparison: {comparison}"] if comparison else []
    lines += ["objectives:", *(f"- {objective}" for objective in objectives)] if objectives else []
    return "\n".join([*lines, *([f"total_score: {total}"] if total else [])])


def objective(criteria, sli="a", more=""):
    """Return an objective that passes by one group of criteria, written as YAML."""
    return f"{{sli: {sli}, pass: [{{criteria: {criteria}}}]{', ' + more if more else ''}}}"


def values(numbers):
    """Return values by name; pairs where a name comes twice; `None` for one that was not read."""
    pairs = numbers.items() if isinstance(numbers, dict) else numbers
    return tuple(SliValue(name, value or 0.0, value is not None) for name, value in pairs)


def history(*newest_first):
    """Return earlier evaluations; a number is the value of `a` in one that passed."""
    newest = datetime(2024, 1, 31, tzinfo=UTC)
    found = []
    for age, one in enumerate(newest_first):
        entry = one if isinstance(one, dict) else {"values": {"a": one}}
        result, invalidated = entry.get("result", "pass"), entry.get("invalidated", False)
        read = values(entry.get("values", {}))
        found.append(Earlier(f"e{age}", newest - timedelta(days=age), result, read, invalidated))
    return found


def judged(text, numbers, earlier=(), **answer):
    """Return the data of the finished evaluation."""
    return evaluate(SCOPE, text, Answer(values(numbers), **answer), earlier).data()


def first(data):
    """Return the first indicator result."""
    return data["evaluation"]["indicatorResults"][0]


def targets(data, key="passTargets"):
    """Return the targets of the first indicator."""
    return [target["targetValue"] for target in first(data)[key]]


def violated(data, key="passTargets"):
    """Return which targets of the first indicator are violated."""
    return [target["violated"] for target in first(data)[key]]


def outcome(data):
    """Return status, result, shown result and score."""
    return data["status"], data["result"], data["evaluation"]["result"], data["evaluation"]["score"]
