"""Where the reports of load tests are kept."""

import pytest
from slipway import reports


@pytest.fixture(autouse=True)
def folder(monkeypatch, tmp_path):
    """Keep them in the test's folder."""
    monkeypatch.setenv("AIRFLOW__SLIPWAY__REPORTS_PATH", f"file://{tmp_path}")


def test_a_report_is_found_again():
    """By the ids of its task; a run id may hold a plus and colons."""
    run_id = "manual__2026-11-23T10:00:00+00:00_x..y"
    address = reports.store("shop.qa.delivery", run_id, "test.2", "load.html", b"<html>")
    assert b"<html>" == reports.read("shop.qa.delivery", run_id, "test.2", "load.html")
    path = "slipway/reports/shop.qa.delivery/manual__2026-11-23T10%3A00%3A00%2B00%3A00_x..y/test.2/load.html"
    assert f"http://127.0.0.1:8080/{path}" == address


def test_a_report_that_was_never_kept_is_none():
    """No error."""
    assert None is reports.read("shop.qa.delivery", "manual__1", "test", "load.html")


@pytest.mark.parametrize("part", ["..", ".", "", "a/b", "../../etc", "a\\b", "a\n", "%2e%2e"])
@pytest.mark.parametrize("place", [0, 1, 2])
def test_ids_that_climb_are_refused(part, place):
    """In each place, to read and to write."""
    ids = ["shop.qa.delivery", "manual__1", "test"]
    ids[place] = part
    with pytest.raises(ValueError, match="no legal id"):
        reports.read(*ids, "load.html")
    with pytest.raises(ValueError, match="no legal id"):
        reports.store(*ids, "load.html", b"")
