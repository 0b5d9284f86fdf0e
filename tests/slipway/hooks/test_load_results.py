"""Reading what the load image's runner prints."""

import importlib.util
from pathlib import Path

import pytest
from slipway.hooks.load_results import ResultsReader

FIXTURES = Path(__file__).parents[1] / "fixtures"
# What run_load.py printed for a load on two addresses, one of which answers 404; the report is cut short, by the same
# code.
LOG = (FIXTURES / "load.log").read_text().splitlines()


def read(lines):
    """Return the reader, and what it showed to people."""
    reader = ResultsReader()
    shown = [one for line in lines if (one := reader.take(line)) is not None]
    return reader, shown


def test_progress_is_shown_and_results_are_not():
    """The markers and what is between them stay away from the task's log."""
    reader, shown = read(LOG)
    assert reader.complete
    assert any("Shutting down" in line for line in shown)
    assert [] == [line for line in shown if "slipway" in line or "failure_ratio" in line]


def test_the_numbers_and_the_report_arrive_whole():
    """The report is Locust's own page."""
    reader, _ = read(LOG)
    results = reader.results()
    assert 0 < results.stats["failures"] < results.stats["requests"]
    assert {"start", "end", "p50_ms", "p95_ms", "endpoints", "errors"} <= set(results.stats)
    assert b"<html" in results.html.lower()


def test_the_table_has_a_line_for_each_endpoint_and_the_errors():
    """For the task's log."""
    lines = read(LOG)[0].results().table().splitlines()
    assert lines[0].split()[:2] == ["requests", "failed"]
    assert any("GET /missing" in line and "404" in line for line in lines[3:])
    assert lines[3].split()[0] == "all"


@pytest.mark.parametrize("kept", [0, 1, 3, -1])
def test_a_log_that_was_cut_is_known(kept):
    """Its last line is missing; the last lines are there for the error."""
    begin = next(number for number, line in enumerate(LOG) if line.startswith("----- slipway locust result"))
    reader, _ = read(LOG[: begin + kept] if kept >= 0 else LOG[:-1])
    assert not reader.complete
    assert LOG[begin - 1] == reader.last_lines[-1]


def test_a_report_that_lost_lines_is_left_out_and_the_numbers_stay():
    """A page that is not whole is none."""
    begin = next(number for number, line in enumerate(LOG) if line.startswith("----- slipway locust report"))
    reader, _ = read([*LOG[: begin + 1], *LOG[begin + 2 :]])
    assert reader.complete
    assert None is reader.results().html


def test_a_later_format_is_not_misread():
    """It counts as no results."""
    assert not read(line.replace("result 1", "result 2") for line in LOG)[0].complete


def test_runner_and_reader_agree_on_the_markers():
    """The one prints in the cluster what the other reads here."""
    path = Path(__file__).parents[3] / "include" / "locust_image" / "run_load.py"
    spec = importlib.util.spec_from_file_location("run_load", path)
    runner = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(runner)
    lines = [runner.RESULT, '{"requests": 1}', runner.REPORT.format(lines=0, sha256="-"), runner.END]
    reader, shown = read(lines)
    assert (True, [], {"requests": 1}) == (reader.complete, shown, reader.results().stats)
