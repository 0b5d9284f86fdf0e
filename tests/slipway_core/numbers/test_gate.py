"""All queries of a gate: side by side, bounded, tried again, and as get-sli's values."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest
from slipway_core.numbers.contract import Reading, Window
from slipway_core.numbers.errors import ManyValues, NoValue, QueryRefused, SourceUnreachable, WindowNotOver
from slipway_core.numbers.gate import read_all
from slipway_core.quality_gate.values import SliValue

END = datetime(2024, 1, 1, 10, 5, 0, 123000, tzinfo=UTC)
WINDOW = Window(END - timedelta(minutes=5), END)
BUSY = SourceUnreachable("http://here", "answers 503.", again=True)


class Source:
    """Gives what a query's plan says, one item a try; counts who is inside."""

    address = "http://here"

    def __init__(self, plan, delay=0.0):
        self.plan, self.delay = {query: list(items) for query, items in plan.items()}, delay
        self.inside = self.most = self.tries = self.given_up = 0

    async def read(self, query, window):
        self.tries += 1
        self.inside += 1
        self.most = max(self.most, self.inside)
        try:
            await asyncio.sleep(self.delay)
            item = self.plan[query].pop(0)
            if item == "hang":
                await asyncio.sleep(60)
        except asyncio.CancelledError:
            self.given_up += 1
            raise
        finally:
            self.inside -= 1
        if isinstance(item, Exception):
            raise item
        return Reading(item, query, window.end, ("slow",))

    async def check(self):
        """Nothing to check."""


def run(source, queries=None, window=WINDOW, **more):
    """Read all queries of a plan, without pauses."""
    queries = {f"i_{query}": query for query in source.plan} if queries is None else queries
    return asyncio.run(read_all(source, queries, window, **{"pause": 0.0, **more}))


def test_each_indicator_gets_its_value():
    """In the form that the judge takes; with query, moment and warnings kept."""
    numbers = run(Source({"a": [1.5], "b": [2.0]}))
    assert {"i_a": SliValue("i_a", 1.5, True), "i_b": SliValue("i_b", 2.0, True)} == numbers.values
    assert Reading(1.5, "a", END, ("slow",)) == numbers.readings["i_a"]
    assert ("slow",) == numbers.warnings


def test_queries_run_side_by_side_but_not_more_than_allowed():
    """Seven queries, three at once."""
    source = Source({str(number): [1.0] for number in range(7)}, delay=0.01)
    run(source, at_once=3)
    assert (7, 3) == (source.tries, source.most)


@pytest.mark.parametrize(
    "error",
    [NoValue("query did not return any values"), ManyValues("several"), QueryRefused("parse error", warnings=("w",))],
)
def test_a_query_without_a_number_fails_its_indicator_only(error):
    """With the source's own words, and without another try."""
    source = Source({"a": [error], "b": [2.0]})
    numbers = run(source)
    assert SliValue("i_a", 0.0, False, str(error)) == numbers.values["i_a"]
    assert (True, 2) == (numbers.values["i_b"].success, source.tries)
    assert set(error.warnings) <= set(numbers.warnings)


@pytest.mark.parametrize("value", [float("nan"), float("inf"), float("-inf")])
def test_what_is_not_finite_is_a_failed_value(value):
    """Whatever a source of somebody else's lets through."""
    assert SliValue("i_a", 0.0, False, "query did not return valid values") == run(Source({"a": [value]})).values["i_a"]


@pytest.mark.parametrize(
    ("query", "words"), [(None, "unable to get metriy query: unsupported SLI"), (" ", "in sli.yaml is empty")]
)
def test_an_indicator_without_a_query_fails_unasked(query, words):
    """The source hears nothing of it."""
    source = Source({})
    value = run(source, {"a": query}).values["a"]
    assert (False, 0) == (value.success, source.tries)
    assert words in value.message


def test_a_fault_that_passes_is_tried_again():
    """Twice by default; then the number counts."""
    source = Source({"a": [BUSY, BUSY, 3.0]})
    assert (3.0, 3) == (run(source).values["i_a"].value, source.tries)


def test_a_fault_that_stays_ends_the_gate_and_names_the_address():
    """After the last try; the other queries are given up at once."""
    source = Source({"a": [BUSY, BUSY, BUSY], "b": ["hang"]})
    with pytest.raises(SourceUnreachable) as caught:
        run(source)
    assert "http://here answers 503. Tried 3 times." == str(caught.value)
    assert 1 == source.given_up


def test_a_fault_that_does_not_pass_is_not_tried_again():
    """Such as a wrong password."""
    source = Source({"a": [SourceUnreachable("http://here", "answers 401.")]})
    with pytest.raises(SourceUnreachable, match=r"^http://here answers 401\.$"):
        run(source)
    assert 1 == source.tries


def test_a_query_that_hangs_is_ended_and_tried_again():
    """The time is for one try, not for all."""
    source = Source({"a": ["hang", 4.0]})
    assert 4.0 == run(source, timeout=0.05).values["i_a"].value


def test_a_query_that_always_hangs_ends_the_gate():
    """With the address and the seconds."""
    with pytest.raises(SourceUnreachable, match=r"http://here gave no answer within 0.02 s. Tried 2 times"):
        run(Source({"a": ["hang", "hang"]}), timeout=0.02, retries=1)


def test_pauses_grow_and_heed_what_the_source_asks_for(monkeypatch):
    """But never longer than half a minute."""
    slept = []
    real = asyncio.sleep

    async def sleep(seconds):
        slept.append(seconds)
        await real(0)

    monkeypatch.setattr("slipway_core.numbers.gate.asyncio.sleep", sleep)
    asked = SourceUnreachable("http://here", "answers 429.", again=True, wait=7)
    greedy = SourceUnreachable("http://here", "answers 429.", again=True, wait=9999)
    run(Source({"a": [BUSY, BUSY, asked, greedy, 1.0]}), pause=0.5, retries=4)
    first, second, third, fourth = [seconds for seconds in slept if seconds]
    assert 0.375 <= first <= 0.625 and 0.75 <= second <= 1.25
    assert (7, 30) == (third, fourth)


def test_a_window_in_the_future_is_refused():
    """Its numbers would be those of now."""
    end = datetime.now(UTC) + timedelta(minutes=2)
    source = Source({"a": [1.0]})
    with pytest.raises(WindowNotOver, match="Ask when it is over"):
        run(source, window=Window(end - timedelta(minutes=5), end))
    assert 0 == source.tries


def test_a_fault_of_our_own_comes_through_as_it_is():
    """Not hidden in a group of errors."""
    with pytest.raises(ZeroDivisionError):
        run(Source({"a": [ZeroDivisionError()]}))


def test_one_of_three_failed_makes_get_sli_a_warning_and_all_failed_makes_it_fail():
    """R82, with Keptn's message."""
    none = NoValue("query did not return any values")
    one_failed = run(Source({"a": [none], "b": [1.0], "c": [1.0]})).answer(["i_a", "i_b", "i_c"], "s", "e")
    all_failed = run(Source({"a": [none], "b": [none], "c": [none]})).answer(["i_a", "i_b", "i_c"], "s", "e")
    assert "query did not return any values" == one_failed.values[0].message
    assert ("succeeded", "warning", "") == (one_failed.status, one_failed.result, one_failed.message)
    assert ("succeeded", "fail", "unable to retrieve metrics") == (
        all_failed.status,
        all_failed.result,
        all_failed.message,
    )


def test_an_indicator_that_two_objectives_name_is_asked_once_and_given_twice():
    """As Keptn's provider gave it (R57); order and texts of the window stay."""
    source = Source({"a": [1.0], "b": [2.0]})
    answer = run(source).answer(["i_b", "i_a", "i_b"], "from", "to", {"build": "7"})
    assert ["i_b", "i_a", "i_b"] == [value.metric for value in answer.values]
    assert ("from", "to", "pass", {"build": "7"}, 2) == (
        answer.start,
        answer.end,
        answer.result,
        answer.labels,
        source.tries,
    )


def test_no_indicator_at_all_passes():
    """There is nothing that could fail; the judge has its own word on that."""
    assert "pass" == run(Source({})).answer([], "s", "e").result


def test_a_window_needs_a_time_zone():
    """Else "exact" would mean little."""
    with pytest.raises(ValueError, match="time zone"):
        Window(datetime(2024, 1, 1), END)
    assert END == Window.of("2024-01-01T10:00:00", "2024-01-01T10:05:00.123Z").end
