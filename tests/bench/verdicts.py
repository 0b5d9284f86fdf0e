"""Verdicts a second on one core: 10 objectives, 3 criteria each, 10 earlier evaluations. Printed, not asserted.

Goals: 2,000 from file text to JSON, 9,000 for scoring alone. Run it with `python tests/bench/verdicts.py`.
"""

import json
import time
from datetime import UTC, datetime, timedelta

from slipway_core.quality_gate.finished import evaluate
from slipway_core.quality_gate.gate import gate_of
from slipway_core.quality_gate.judge import judge
from slipway_core.quality_gate.values import Answer, Earlier, Scope, SliValue

METRICS = [f"response_time_{number}" for number in range(10)]
SCOPE = Scope("shop", "staging", "carts")


def slo_text():
    """Return a slo.yaml of 10 objectives with 3 criteria each, as people write them."""
    head = "spec_version: '1.0'\ncomparison:\n  compare_with: several_results\n  number_of_comparison_results: 10\n"
    head += "  include_result_with_score: pass\n  aggregate_function: avg\nobjectives:\n"
    objective = '  - sli: {0}\n    pass:\n      - criteria: ["<=+10%", "<600"]\n    warning:\n'
    objective += '      - criteria: ["<=800"]\n    weight: 1\n    key_sli: false\n'
    return head + "".join(objective.format(one) for one in METRICS) + "total_score:\n  pass: 90%\n  warning: 75%\n"


def numbers(shift):
    """Return one value for each indicator."""
    return tuple(SliValue(metric, 500.25 + shift + place, True) for place, metric in enumerate(METRICS))


def history():
    """Return 10 earlier evaluations."""
    first = datetime(2024, 1, 1, tzinfo=UTC)
    return [Earlier(f"e-{day}", first + timedelta(days=day), "pass", numbers(day)) for day in range(10)]


def rate(work, seconds=1.0, rounds=5):
    """Return how often a piece of work is done in a second; the best of some rounds, for the machine may be busy."""
    best = 0.0
    for _ in range(rounds):
        done, begun = 0, time.perf_counter()
        while (passed := time.perf_counter() - begun) < seconds / rounds:
            for _ in range(20):
                work()
            done += 20
        best = max(best, done / passed)
    return best


def main():
    """Print the rates."""
    text, earlier, answer = slo_text().encode(), history(), Answer(numbers(1), "start", "end")
    gate, _ = gate_of(text)

    def whole():
        return json.dumps(evaluate(SCOPE, text, answer, earlier).data())

    def whole_anew():
        gate_of.cache_clear()
        return whole()

    for what, work, goal in (
        ("file text to JSON, file compiled once", whole, "2,000"),
        ("file text to JSON, file read anew each time", whole_anew, "-"),
        ("scoring alone", lambda: judge(gate, answer.values, earlier), "9,000"),
    ):
        print(f"{what:45} {rate(work):8,.0f} verdicts/s   goal {goal}")


if __name__ == "__main__":
    main()
