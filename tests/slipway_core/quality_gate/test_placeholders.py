"""Placeholders and default queries (evaluation.md 10, 11, R76 to R81)."""

from datetime import UTC, datetime, timedelta

import pytest
from slipway_core.quality_gate.default_queries import NAMES, default_query
from slipway_core.quality_gate.placeholders import Context, fill

START = datetime(2024, 1, 1, tzinfo=UTC)


def context(**more):
    """Return the context of R76."""
    return Context("p", "s", "x", START, START + timedelta(seconds=76.905), **more)


def test_r76_names_and_duration():
    """Seconds are rounded up and carry their unit."""
    query = 'rate(m{job="$SERVICE-$PROJECT-$STAGE"}[$DURATION_SECONDS])'
    assert fill(query, context()) == 'rate(m{job="x-p-s"}[77s])'


def test_r77_filters_come_first_and_lose_their_quotes():
    """Key as written and in upper case; a filter `project` overrides."""
    filters = {"handler": "\"'Items'\"", "project": "other"}
    assert fill("$handler $HANDLER $PROJECT", context(filters=filters)) == "Items Items other"


def test_r78_labels():
    """Unknown placeholders stay."""
    assert fill("$LABEL.build $LABEL.nope $label.build", context(labels={"build": "7"})) == "7 $LABEL.nope $label.build"


def test_the_longest_label_is_replaced_first():
    """`$LABEL.a` would also hit inside `$LABEL.ab`."""
    assert fill("$LABEL.ab $LABEL.a", context(labels={"a": "1", "ab": "2"})) == "2 1"


def test_there_is_no_word_boundary_and_a_later_step_replaces_again():
    """Chapter 10."""
    assert fill("$SERVICE_X", context()) == "x_X"
    assert fill("$a", context(filters={"a": "$STAGE"})) == "s"


@pytest.mark.parametrize(
    ("labels", "deployment", "expected"),
    [({"deployment": "blue"}, "canary", "blue"), ({}, "canary", "canary"), ({}, "", "primary")],
)
def test_r81_the_label_wins_over_the_deployment(labels, deployment, expected):
    """Neither: primary."""
    assert expected == fill("$DEPLOYMENT", context(labels=labels, deployment=deployment))


@pytest.mark.parametrize(
    ("filters", "matchers"),
    [
        ({}, "job='x-p-s'"),
        ({"handler": "Items"}, "job='x-p-s',handler='Items'"),
        ({"handler": "!=Health"}, "job='x-p-s',handler!=Health"),
        ({"handler": '=~"a|b"'}, "job='x-p-s',handler=~'a|b'"),
        ({"handler": '!~"a"'}, "job='x-p-s',handler!~'a'"),
        ({"job": "own"}, "job='own'"),
    ],
)
def test_r80_default_queries_take_the_filters(filters, matchers):
    """With the scrape job that exists, where Keptn always asked the canary's."""
    expected = f"sum(rate(http_requests_total{{{matchers}}}[77s]))"
    assert expected == default_query("throughput", context(filters=filters))


def test_r80_a_deployment_side_names_its_own_job():
    """`direct` and `user_managed` have one job only."""
    found = [default_query("throughput", context(deployment=name)) for name in ("canary", "direct")]
    jobs = ("x-p-s-canary", "x-p-s")
    assert [f"sum(rate(http_requests_total{{job='{job}'}}[77s]))" for job in jobs] == found


def test_five_names_have_a_default_and_no_other():
    """The other four in full."""
    assert NAMES == ("throughput", "error_rate", "response_time_p50", "response_time_p90", "response_time_p95")
    failed = "sum(rate(http_requests_total{job='x-p-s',status!~'2..'}[77s]))"
    assert f"{failed}/sum(rate(http_requests_total{{job='x-p-s'}}[77s]))" == default_query("error_rate", context())
    buckets = "sum(rate(http_response_time_milliseconds_bucket{job='x-p-s'}[77s]))by(le)"
    assert f"histogram_quantile(0.90,{buckets})" == default_query("response_time_p90", context())
    assert default_query("response_time_p99", context()) is None
