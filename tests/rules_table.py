"""Writes docs/rules.md: each rule of a Keptn sequence, whether we follow Keptn, and the tests that name it.

Run it with ``python -m tests.rules_table``. A test names a rule in its name, docstring, or parameters, as in ``R36`` or
``R23 to R27``; in the rooms of quality gates such a number is a rule of evaluation.md, unless it says sequences.md.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

TESTS = Path(__file__).parent
PAGE = TESTS.parent / "docs" / "rules.md"
RULES = range(1, 81)
OF_GATES = {"quality_gate", "numbers", "records", "test_slo"}

# What each rule is about, in our words.
ABOUT = {
    1: "versions of a shipyard that are read",
    2: "versions and forms that are refused",
    3: "at least one stage; how stages may be called",
    4: "kind, metadata and sequences may be missing",
    5: "unknown keys are ignored",
    6: "the built-in sequence `evaluation`",
    7: "an unknown sequence or stage, or one without tasks",
    8: "one task several times in a sequence",
    9: "properties that are no mapping are dropped",
    10: "an unquoted `off` in a shipyard is text",
    11: "input reaches every task and every later stage",
    12: "properties win over input",
    13: "properties are seen by their own task only",
    14: "what a task reports reaches later tasks; its message does not",
    15: "lists join, newest first",
    16: "numbers and booleans when payloads merge",
    17: "null when payloads merge",
    18: "several executors' reports join",
    19: "labels of the trigger and of reports travel on",
    20: "a label that is no text",
    21: "a sequence started by hand begins without a result",
    22: "a follower begins with the result before it",
    23: "pass and warning make warning",
    24: "pass and fail make fail, which stops",
    25: "an unknown result or status is a failure",
    26: "an errored task that says pass",
    27: "an aborted task that says pass goes on",
    28: "a sequence ends as its last task",
    29: "a last task with a warning",
    30: "reports that never come",
    31: "a task that nobody takes",
    32: "a task that was begun has no time limit",
    33: "abort",
    34: "pause and resume",
    35: "what a sequence's end says",
    36: "no selector",
    37: "a selector on the sequence's result",
    38: "a selector on a task's result: fail",
    39: "a selector on a task's result: pass",
    40: "several keys in a selector",
    41: "unknown and empty selectors",
    42: "events that never fire",
    43: "several followers",
    44: "two trigger items that match",
    45: "a way back after a failure",
    46: "one running sequence a lane",
    47: "what makes a lane",
    48: "waiting for a person holds no lane",
    49: "who waits longer runs first",
    50: "the same start twice runs once",
    51: "a task put off by `triggeredAfter`",
    52: "a shipyard changed while a sequence runs",
    53: "approval: automatic and manual",
    54: "approval: nothing said",
    55: "approval of a warning",
    56: "approval of a failure",
    57: "approval that comes first",
    58: "a decline",
    59: "which entry of remediation.yaml is taken",
    60: "the case of a problem's field names",
    61: "no usable remediation.yaml",
    62: "one action, and the evaluation fails again",
    63: "several actions, and the evaluation always fails",
    64: "an action that fails ends the loop",
    65: "a warning ends the loop",
    66: "an unquoted `off` in remediation.yaml is false",
    67: "alerts become problems",
    68: "a timeframe beats the times of a test",
    69: "the times of a test",
    70: "windows that are wrong",
    71: "how services may be called",
    72: "a shipyard that changes its stages",
    73: "where a resource is added",
    74: "which level of a file is read",
    75: "indicators of project, stage and service merge",
    76: "what `trigger delivery` sends",
    77: "the image and values of `trigger delivery`",
    78: "what `trigger sequence` sends",
    79: "what `trigger evaluation` sends",
    80: "how an approval is answered from outside",
}
# Where Keptn 1.4.5 did something else, and what we do.
DECIDED = {
    7: "refused at once, with what exists",
    16: "the newest wins, as for text",
    26: "an errored task is failed too",
    30: "known before the run: a task that nothing handles is refused when published",
    31: "known before the run: a task that nothing handles is refused when published",
    33: "the work is stopped, the result is fail, nothing follows",
    34: "not offered",
    37: "`failed` is taken as `fail`",
    39: "the last run of that task counts, last in the sequence or not",
    40: "what asks for pass or warning never follows a failed sequence",
    61: "other versions are refused when published, with how to lift them",
    63: "actions 0, 1, 2 … until the evaluation passes or the list ends",
    67: "each firing alert counts",
}
# Rules whose code is not there yet, and what they wait for.
LATER = {
    74: "jobs",
}

_NUMBERS = re.compile(r"\bR(\d+)\b(?: to R(\d+)\b)?")
_ELSEWHERE = re.compile(r"\b(?:evaluation|jobs)\.md[^.;:]*|\b[EJ] R\d+", re.IGNORECASE)
_SEQUENCES = re.compile(r"\bsequences\.md[^.;:]*")


class Named(NamedTuple):
    """A test and the rules that it names."""

    test: str
    rules: frozenset[int]


def named() -> list[Named]:
    """Return every test that names a rule."""
    return [one for path in sorted(TESTS.glob("*/**/test_*.py")) for one in _of_file(path) if one.rules]


def page(tests: list[Named]) -> str:
    """Return docs/rules.md."""
    lines = [
        "# The rules of a sequence",
        "",
        "What Keptn 1.4.5 did with shipyards and events, in 80 rules: which of them hold here as they did there, which",
        "were decided otherwise, and the tests that prove it. Written by `python -m tests.rules_table`.",
        "",
        "| rule | about | here | tests |",
        "|---|---|---|---|",
    ]
    for rule in RULES:
        tests_of = [f"`{one.test}`" for one in tests if rule in one.rules]
        later = f"later, with {LATER[rule]}" if rule in LATER and not tests_of else ""
        here = DECIDED.get(rule, "as in Keptn")
        lines.append(f"| R{rule} | {ABOUT[rule]} | {here} | {'<br>'.join(tests_of) or later} |")
    return "\n".join(lines) + "\n"


def without_test(tests: list[Named]) -> list[int]:
    """Return the rules that no test names and that nothing is to bring later."""
    found = {rule for one in tests for rule in one.rules}
    return [rule for rule in RULES if rule not in found and rule not in LATER]


def rules_in(text: str, of_gates: bool = False) -> frozenset[int]:
    """Return the rules of sequences.md that a text names.

    :param of_gates: the text stands in a room of quality gates, whose numbers are those of evaluation.md
    """
    text = " ".join(_SEQUENCES.findall(text)) if of_gates else _ELSEWHERE.sub("", text)
    rules: set[int] = set()
    for first, last in _NUMBERS.findall(text):
        rules.update(range(int(first), int(last or first) + 1))
    return frozenset(rules & set(RULES))


def _of_file(path: Path) -> Iterator[Named]:
    of_gates = bool(OF_GATES & set(path.relative_to(TESTS).with_suffix("").parts))
    text = path.read_text("utf-8")
    if "R" not in text:
        return
    where = path.relative_to(TESTS).with_suffix("").as_posix()
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
            begin = min([node.lineno, *(one.lineno for one in node.decorator_list)])
            own = "\n".join(text.splitlines()[begin - 1 : node.body[0].end_lineno])
            yield Named(f"{where}::{node.name}", rules_in(own, of_gates))


if __name__ == "__main__":
    PAGE.write_text(page(named()), "utf-8")
