"""The five Prometheus queries that need no entry in sli.yaml (evaluation.md 11, R80).

Keptn asked the scrape job `…-canary` whatever the deployment; we ask the job that exists (decisions.md).
"""

from __future__ import annotations

from slipway_core.quality_gate.placeholders import Context, unquoted

_QUANTILES = {"response_time_p50": "0.50", "response_time_p90": "0.90", "response_time_p95": "0.95"}
_SIDES = ("primary", "canary")
NAMES = ("throughput", "error_rate", *_QUANTILES)


def default_query(name: str, context: Context) -> str | None:
    """Return the query of an indicator that sli.yaml does not name; ``None`` when there is none for it."""
    labels, window = ",".join(_matchers(context)), context.duration
    if name == "throughput":
        return f"sum(rate(http_requests_total{{{labels}}}[{window}]))"
    if name == "error_rate":
        failed = f"sum(rate(http_requests_total{{{labels},status!~'2..'}}[{window}]))"
        return f"{failed}/sum(rate(http_requests_total{{{labels}}}[{window}]))"
    if quantile := _QUANTILES.get(name):
        buckets = f"http_response_time_milliseconds_bucket{{{labels}}}"
        return f"histogram_quantile({quantile},sum(rate({buckets}[{window}]))by(le))"
    return None


def _matchers(context: Context) -> list[str]:
    named = context.labels.get("deployment") or context.deployment
    job = f"{context.service}-{context.project}-{context.stage}" + (f"-{named}" if named in _SIDES else "")
    matchers = {"job": f"job='{job}'"}
    for key, value in context.filters.items():
        if value.startswith(("=", "!=", "!~")):
            matchers[key] = key + value.replace('"', "'")
        else:
            matchers[key] = f"{key}='{unquoted(value)}'"
    return list(matchers.values())
