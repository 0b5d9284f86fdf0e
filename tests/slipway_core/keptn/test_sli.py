"""sli.yaml: reading, merging, checking (evaluation.md 10, R79)."""

import pytest
from slipway_core.keptn.problems import InvalidFile
from slipway_core.keptn.sli import Sli, check_sli, load_sli, merge, read_sli


def sli(text):
    """Read a good sli.yaml."""
    return read_sli(text, "sli.yaml")[0]


def test_r79_a_later_level_overrides_by_indicator():
    """Keys of earlier levels stay (sequences.md R75)."""
    merged = merge([sli("indicators: {a: 1, b: 1}"), None, sli("indicators: {b: 2}")])
    assert {name: query.text for name, query in merged.items()} == {"a": "1", "b": "2"}


def test_no_file_at_all_is_no_error():
    """Missing files are skipped."""
    assert merge([None, None, None]) == {}


def test_a_file_without_indicators_is_an_error_unless_an_earlier_level_has_some():
    """In Keptn's words."""
    assert list(merge([sli("indicators: {a: 1}"), Sli("sli.yaml", {})])) == ["a"]
    with pytest.raises(InvalidFile, match="missing required field: indicators"):
        merge([Sli("sli.yaml", {}), sli("indicators: {a: 1}")])


def test_a_query_keeps_its_text_and_its_line():
    """Scalars as written, blocks as blocks."""
    read = sli("spec_version: 1\nindicators:\n  a: |-\n    sum(x)\n    by (y)\n  b: 0x10\n")
    assert [(one.text, one.line) for one in read.indicators.values()] == [("sum(x)\nby (y)", 3), ("0x10", 6)]


@pytest.mark.parametrize(
    ("text", "inherited", "expected"),
    [
        ("indicators: {a: 1}", False, []),
        ("spec_version: 1", False, [("error", 1)]),
        ("spec_version: 1", True, [("warning", 1)]),
        ("indicators: [a]", False, [("error", 1)]),
        ("indicators:\n  a: [b]", False, [("error", 2)]),
        ("indicators:\n  a: 1\n  a: 2", False, [("error", 3)]),
        ("indicators:\n  a:", False, [("warning", 2)]),
        ("indicators: {a: 1}\nx: 1", False, [("note", 2)]),
    ],
)
def test_what_is_wrong_is_said_with_its_line(text, inherited, expected):
    """Severity and line."""
    assert expected == [(one.severity, one.line) for one in check_sli(text, "sli.yaml", inherited)]


def test_a_broken_file_raises_with_its_path(tmp_path):
    """As for every file of a user."""
    path = tmp_path / "sli.yaml"
    path.write_text("indicators: [")
    with pytest.raises(InvalidFile, match=r"sli\.yaml, line"):
        load_sli(path)
