"""What holds for every gate, whatever its numbers."""

import json
import math
import sys
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st
from slipway_core.keptn.criterion import NO_CRITERION, NO_NUMBER, read_criterion
from slipway_core.keptn.numbers import number
from slipway_core.quality_gate.messages import number_text

sys.path.insert(0, str(Path(__file__).parent))

from gates import TOTAL, history, judged, slo

RANK = {"fail": 0, "warning": 1, "pass": 2}
FINITE = st.floats(-1e6, 1e6).map(lambda value: value or 0.0)
SHARES = st.integers(0, 110)


@st.composite
def criteria(draw):
    """Return the text of a valid criterion."""
    operator = draw(st.sampled_from(["<", "<=", "=", ">=", ">"]))
    sign = draw(st.sampled_from(["", "+", "-"]))
    percent = draw(st.sampled_from(["", "%"]))
    return f"{operator}{sign}{draw(st.integers(0, 1000))}{percent}"


GROUPS = st.lists(st.lists(criteria(), min_size=1, max_size=3), min_size=0, max_size=2)


@st.composite
def objectives(draw, name):
    """Return an objective in YAML's flow style."""
    fields = {"sli": name, "weight": draw(st.integers(1, 9)), "key_sli": draw(st.booleans())}
    for key in ("pass", "warning"):
        fields[key] = [{"criteria": group} for group in draw(GROUPS)]
    return json.dumps(fields)


@st.composite
def gates(draw):
    """Return objectives with names of their own, a value for some of them, shares of the total score, history."""
    names = [f"m{place}" for place in range(draw(st.integers(1, 5)))]
    written = [draw(objectives(name)) for name in names]
    numbers = {name: draw(st.none() | FINITE) for name in names if draw(st.booleans())}
    total = json.dumps({"pass": f"{draw(SHARES)}%", "warning": f"{draw(SHARES)}%"})
    earlier = [
        {"result": draw(st.sampled_from(list(RANK))), "values": {name: draw(st.none() | FINITE) for name in names}}
        for _ in range(draw(st.integers(0, 6)))
    ]
    return written, numbers, total, history(*earlier)


COMPARISONS = st.fixed_dictionaries(
    {
        "compare_with": st.sampled_from(["single_result", "several_results", ""]),
        "include_result_with_score": st.sampled_from(["pass", "pass_or_warn", "all"]),
        "number_of_comparison_results": st.integers(1, 6),
        "aggregate_function": st.sampled_from(["avg", "p50", "p90", "p95"]),
    }
).map(json.dumps)


@given(gates(), st.integers(1, 9), COMPARISONS)
def test_one_more_passing_objective_never_lowers_the_result(gate, weight, comparison):
    """Neither result nor score, for positive weights."""
    written, numbers, total, earlier = gate
    more = f'{{sli: more, weight: {weight}, pass: [{{criteria: ["<10"]}}]}}'
    before = judged(slo(*written, total=total, comparison=comparison), numbers, earlier)
    after = judged(slo(*written, more, total=total, comparison=comparison), {**numbers, "more": 1}, earlier)
    if any(json.loads(one)["pass"] for one in written):  # only informational ones: key objectives begin to count
        assert RANK[before["result"]] <= RANK[after["result"]]
        assert before["evaluation"]["score"] <= after["evaluation"]["score"]


@given(gates(), COMPARISONS, st.randoms(use_true_random=False))
def test_the_order_of_history_never_matters(gate, comparison, random):
    """It is sorted by time."""
    written, numbers, total, earlier = gate
    shuffled = random.sample(earlier, len(earlier))
    text = slo(*written, total=total, comparison=comparison)
    assert judged(text, numbers, earlier) == judged(text, numbers, shuffled)


@given(gates(), st.randoms(use_true_random=False))
def test_the_order_of_the_values_never_matters(gate, random):
    """As long as no name comes twice."""
    written, numbers, total, earlier = gate
    shuffled = random.sample(list(numbers.items()), len(numbers))
    text = slo(*written, total=total)
    assert judged(text, numbers, earlier) == judged(text, shuffled, earlier)


@given(criteria(), st.data())
def test_blanks_never_matter(criterion, data):
    """Anywhere in a criterion; the text alone keeps them."""
    blanks = [data.draw(st.sampled_from(["", " ", "  "])) for _ in range(len(criterion) + 1)]
    spaced = "".join(blank + char for blank, char in zip(blanks, [*criterion, ""], strict=True))
    assert read_criterion(criterion)[2:] == read_criterion(spaced)[2:]
    assert spaced == read_criterion(spaced).text


@given(gates(), st.sampled_from([2, 4, 8]))
def test_weights_count_only_against_each_other(gate, factor):
    """All of them doubled change neither score nor result."""
    written, numbers, total, earlier = gate
    heavier = [json.dumps({**json.loads(one), "weight": json.loads(one)["weight"] * factor}) for one in written]
    before = judged(slo(*written, total=total), numbers, earlier)
    after = judged(slo(*heavier, total=total), numbers, earlier)
    assert (before["result"], before["evaluation"]["score"]) == (after["result"], after["evaluation"]["score"])


@given(gates())
def test_a_score_stays_between_0_and_100(gate):
    """For positive weights."""
    written, numbers, total, earlier = gate
    assert 0 <= judged(slo(*written, total=total), numbers, earlier)["evaluation"]["score"] <= 100


@given(gates(), SHARES)
def test_a_lower_target_never_lowers_the_result(gate, lower):
    """Pass and warning lowered alike."""
    written, numbers, total, earlier = gate
    shares = {key: int(share[:-1]) for key, share in json.loads(total).items()}
    easier = json.dumps({key: f"{max(share - lower, 0)}%" for key, share in shares.items()})
    before, after = (judged(slo(*written, total=one), numbers, earlier)["result"] for one in (total, easier))
    assert RANK[before] <= RANK[after]


@given(FINITE, FINITE, st.integers(0, 1000), st.sampled_from(["", "%"]), FINITE)
def test_a_smaller_value_never_misses_an_upper_limit_that_a_larger_one_keeps(one, other, amount, percent, base):
    """Fixed or relative."""
    text = slo(f'{{sli: a, pass: [{{criteria: ["<=+{amount}{percent}"]}}]}}')
    small, large = (judged(text, {"a": value}, history(base))["result"] for value in sorted((one, other)))
    assert RANK[large] <= RANK[small]


@given(gates())
def test_a_gate_without_history_never_fails_by_relative_criteria_alone(gate):
    """R16."""
    written, _, _, _ = gate
    relative = [json.loads(one) for one in written]
    for one in relative:
        one["pass"] = [{"criteria": ["<=+0%", ">=+0%"]}]
    numbers = {one["sli"]: 5 for one in relative}
    assert judged(slo(*map(json.dumps, relative), total=TOTAL), numbers)["result"] == "pass"


@given(st.text(max_size=300), st.dictionaries(st.text(max_size=5), FINITE, max_size=3))
def test_no_text_breaks_the_judge(text, numbers):
    """Whatever stands in the file, there is an outcome that JSON can carry."""
    data = judged(text, numbers)
    assert data["result"] in RANK
    json.dumps(data, allow_nan=False)


TOKENS = [
    "objectives:",
    "total_score:",
    "- sli: a",
    "  pass:",
    "  - criteria:",
    '    - "<5"',
    "  pass: 90%",
    "  weight: ",
]
TOKENS += [
    "comparison:",
    "  compare_with: x",
    "filter:",
    "null",
    "~",
    "- ",
    "&x",
    "*x",
    "<<: *x",
    "? ",
    "  key_sli: yes",
]


@given(st.lists(st.sampled_from(TOKENS), max_size=14).map("\n".join))
def test_no_jumble_of_lines_breaks_the_judge(text):
    """Lines that may make a file, or not."""
    json.dumps(judged(text, {"a": 1}), allow_nan=False)


@given(st.text(alphabet="<=>|+-%0123456789._eExXpPaAfinN \t٣", max_size=12))
def test_every_criterion_is_valid_or_has_one_of_two_faults(text):
    """And a valid one has an operator and a finite number."""
    criterion = read_criterion(text)
    assert criterion.fault in ("", NO_CRITERION, NO_NUMBER)
    assert criterion.fault or (criterion.operator and math.isfinite(criterion.number))


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_a_number_reads_back_from_its_texts(value):
    """From Python's, from the one in messages, from hexadecimal."""
    assert [value] * 3 == [number(repr(value)), number(number_text(value)), number(value.hex())]
