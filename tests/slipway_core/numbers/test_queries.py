"""Which query asks for which indicator."""

from datetime import UTC, datetime

import pytest
from slipway_core.keptn.problems import InvalidFile
from slipway_core.keptn.project_files import ProjectFiles
from slipway_core.numbers.queries import filled, load_queries
from slipway_core.quality_gate.placeholders import Context

CONTEXT = Context("p", "s", "x", datetime(2024, 1, 1, tzinfo=UTC), datetime(2024, 1, 1, 0, 5, tzinfo=UTC))


def sli(folder, **indicators):
    """Write a sli.yaml below a folder."""
    place = folder / "prometheus"
    place.mkdir(parents=True)
    lines = "".join(f"  {name}: '{query}'\n" for name, query in indicators.items())
    (place / "sli.yaml").write_text(f"indicators:\n{lines}" if indicators else "spec_version: '1.0'\n")


def test_a_later_level_wins_and_the_others_stay(tmp_path):
    """R79: project, stage, service; and here the service of one stage last."""
    sli(tmp_path, a="1", b="1", c="1", d="1")
    sli(tmp_path / "stages" / "s", b="2", c="2", d="2")
    sli(tmp_path / "x", c="3", d="3")
    sli(tmp_path / "stages" / "s" / "x", d="4")
    found = load_queries(ProjectFiles(tmp_path, "s", "x"))
    assert {"a": "1", "b": "2", "c": "3", "d": "4"} == {name: query.text for name, query in found.items()}


def test_a_file_without_indicators_is_an_error_with_its_name(tmp_path):
    """Unless a level before it named some."""
    sli(tmp_path / "x")
    with pytest.raises(InvalidFile, match=r"x/prometheus/sli.yaml: missing required field: indicators"):
        load_queries(ProjectFiles(tmp_path, "s", "x"))


def test_no_file_at_all_leaves_the_defaults(tmp_path):
    """R80 for the five names; nothing for others."""
    queries = filled(["throughput", "other"], load_queries(ProjectFiles(tmp_path, "s", "x")), CONTEXT)
    assert {"throughput": "sum(rate(http_requests_total{job='x-p-s'}[300s]))", "other": None} == queries


def test_placeholders_are_filled(tmp_path):
    """R76."""
    sli(tmp_path, a='rate(m{job="$SERVICE-$PROJECT-$STAGE"}[$DURATION_SECONDS])')
    queries = filled(["a"], load_queries(ProjectFiles(tmp_path, "s", "x")), CONTEXT)
    assert {"a": 'rate(m{job="x-p-s"}[300s])'} == queries
