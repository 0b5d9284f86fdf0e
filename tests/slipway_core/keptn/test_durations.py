"""Go durations (sequences.md 1.4, R51)."""

import pytest
from slipway_core.keptn import durations


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("300ms", 0.3), ("90s", 90), ("10m", 600), ("1h30m", 5400), ("1.5h", 5400), (".5m", 30), ("-5m", -300),
        ("0", 0), ("+2s", 2), ("1us", 1e-6), ("1µs", 1e-6), ("5.s", 5),
        ("1d", None), ("10", None), ("10 m", None), ("", None), ("1h1", None), ("5M", None), (".s", None), ("-", None),
        ("9999999999h", None), ("1s\n", None), ("٣s", None),
    ],
)  # fmt: skip
def test_a_duration_is_read_as_go_reads_it(text, seconds):
    """Valid forms give seconds, everything else nothing."""
    assert seconds == durations.seconds(text)
