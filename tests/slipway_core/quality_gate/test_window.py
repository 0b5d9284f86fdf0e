"""The window of an evaluation: evaluation.md 2, R67 to R75."""

from datetime import UTC, datetime

import pytest
from slipway_core.quality_gate.window import InvalidWindow, Window, by_hand, instant, of_task

NOW = datetime(2022, 1, 1, 12, 0, 0, 999_999, UTC)
TEST = {"start": "2022-01-01T11:00:00Z", "end": "2022-01-01T11:00:01Z"}


@pytest.mark.parametrize(
    ("evaluation", "start", "end"),
    [
        pytest.param({"timeframe": "2m"}, "11:58:00.999", "12:00:00.999", id="R67"),
        pytest.param({"timeframe": "60s"}, "11:59:00.999", "12:00:00.999", id="R68-one-minute"),
        pytest.param({"timeframe": "1h30m"}, "10:30:00.999", "12:00:00.999", id="R68-two-units"),
        pytest.param({"timeframe": "1.5h"}, "10:30:00.999", "12:00:00.999", id="R68-decimal"),
        pytest.param({"timeframe": "+5m"}, "11:55:00.999", "12:00:00.999", id="signed"),
        pytest.param({"start": "2022-01-01T10:00:00", "timeframe": "5m"}, "10:00:00.000", "10:05:00.000", id="R70"),
        pytest.param(
            {"start": "2022-01-01T10:00:00+10:00", "end": "2022-01-01T10:01:00+10:00"},
            *("10:00:00.000", "10:01:00.000"),
            id="R72-offset-dropped",
        ),
        pytest.param(
            {"start": "2022-01-01T10:00:00.123999999Z", "end": "2022-01-01T10:05:00,5Z"},
            *("10:00:00.123", "10:05:00.500"),
            id="R73-cut",
        ),
    ],
)
def test_the_window_of_the_evaluation_itself(evaluation, start, end):
    """It wins over the times of a test (R67; sequences.md R68, R70)."""
    assert Window(f"2022-01-01T{start}Z", f"2022-01-01T{end}Z") == of_task(evaluation, TEST, NOW)


@pytest.mark.parametrize("evaluation", [{}, {"start": "2022-01-01T10:00:00Z"}, {"end": "x"}])
def test_r74_the_times_of_the_test_are_taken_as_they_are(evaluation):
    """Not parsed, not checked: a second is enough; a lone start or end is ignored (sequences.md R69)."""
    assert Window(TEST["start"], TEST["end"]) == of_task(evaluation, TEST, NOW)


@pytest.mark.parametrize(
    ("evaluation", "words"),
    [
        pytest.param({"timeframe": "59s"}, "end date must be at least 1 minute after start date", id="R68-short"),
        pytest.param({"timeframe": "-5m"}, "end date must be at least 1 minute after start date", id="R68-negative"),
        pytest.param({"timeframe": "1d"}, "could not parse provided timeframe: ", id="R69-day"),
        pytest.param({"timeframe": "5"}, "could not parse provided timeframe: ", id="R69-no-unit"),
        pytest.param({"timeframe": "abc"}, "could not parse provided timeframe: ", id="R69-word"),
        pytest.param({"timeframe": " 5m"}, "could not parse provided timeframe: ", id="R69-blank"),
        pytest.param({"end": "x", "timeframe": "5m"}, "'end' and 'timeframe' are mutually exclusive", id="R71"),
        pytest.param({"start": "2022-01-01", "timeframe": "5m"}, "could not parse time", id="R73-date"),
        pytest.param({"start": "2022-01-01 10:00:00", "timeframe": "5m"}, "could not parse time", id="R73-blank"),
        pytest.param({"start": "1641031200", "timeframe": "5m"}, "could not parse time", id="R73-unix"),
        pytest.param({"start": "2022-01-01t10:00:00z", "timeframe": "5m"}, "could not parse time", id="lower-case"),
        pytest.param({"start": "2022-02-30T10:00:00Z", "timeframe": "5m"}, "could not parse time", id="no-such-day"),
        pytest.param({}, "evaluation.triggered event does not contain evaluation timeframe", id="R75"),
        pytest.param({"timeframe": 120}, "must be text", id="number"),
    ],
)
def test_times_that_cannot_be_used(evaluation, words):
    """Each says why; without a test before it (sequences.md R69, R70)."""
    with pytest.raises(InvalidWindow) as caught:
        of_task(evaluation, {}, NOW)
    assert words in str(caught.value)


def test_r75_by_hand_without_times_the_last_five_minutes_are_judged():
    """Cut to milliseconds (sequences.md R79)."""
    assert Window("2022-01-01T11:55:00.999Z", "2022-01-01T12:00:00.999Z") == by_hand("", "", "", NOW)


@pytest.mark.parametrize(
    ("start", "end", "timeframe", "words"),
    [
        ("", "x", "5m", "timeframe and end time specifications cannot be set together"),
        ("x", "", "", "timeframe or end time specifications need to be specified when using start parameter"),
        ("", "x", "", "end time specifications cannot be set without start parameter"),
    ],
)
def test_by_hand_combinations_that_make_no_window(start, end, timeframe, words):
    """In Keptn's words (sequences.md R79)."""
    with pytest.raises(InvalidWindow, match=words):
        by_hand(start, end, timeframe, NOW)


def test_a_text_of_a_window_is_a_moment():
    """RFC 3339 with its offset, or Unix seconds (chapter 11)."""
    assert [datetime(2022, 1, 1, 10, tzinfo=UTC)] * 3 == [
        instant(text) for text in ("2022-01-01T12:00:00+02:00", "2022-01-01T10:00:00", "1641031200")
    ]
