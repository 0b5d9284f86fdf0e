"""What bare words of a shipyard mean (sequences.md 1.4)."""

import pytest
from slipway_core.keptn import scalars


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("on", "on"), ("off", "off"), ("yes", "yes"), ("no", "no"), ("y", "y"), ("n", "n"),
        ("1:30", "1:30"), ("010", 8), ("08", 8.0), ("0x1F", 31), ("0b11", 3), ("0o17", 15), ("-010", -8), ("+1", 1),
        ("1_000", 1000), (".5", 0.5), ("1.", 1.0), ("1e3", 1000.0), ("1.2.3", "1.2.3"), ("-", "-"), ("-x", "-x"),
        ("", None), ("~", None), ("null", None), ("Null", None), ("nULL", "nULL"),
        ("true", True), ("False", False), ("tRue", "tRue"),
        ("2001-01-01", "2001-01-01T00:00:00Z"), ("2001-1-2", "2001-01-02T00:00:00Z"),
        ("2001-01-01 10:00:00", "2001-01-01T10:00:00Z"),
        ("2001-01-01T10:00:00.250+02:00", "2001-01-01T10:00:00.25+02:00"),
        ("2001-13-01", "2001-13-01"),
        ("1" * 30, float("1" * 30)), ("18446744073709551615", 2**64 - 1),
    ],
)  # fmt: skip
def test_a_bare_word_means_what_keptn_took_it_for(text, value):
    """R10 and the table of chapter 1.4; type counts as well as value."""
    found = scalars.resolve(text)
    assert (type(value), value) == (type(found), found)
