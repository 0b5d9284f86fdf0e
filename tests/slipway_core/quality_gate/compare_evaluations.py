"""Compares finished evaluations, from loose to strict: verdict, indicators, exact."""

import math

LEVELS = ("verdict", "indicators", "exact")
CLOSE = 1e-9


def differences(expected, actual, level):
    """Return what differs between two `data` of evaluation.finished, as texts; nothing when they agree."""
    if level == "verdict":
        return _differing(_verdict(expected), _verdict(actual), "data", CLOSE)
    if level == "indicators":
        return _differing(_indicators(expected), _indicators(actual), "data", CLOSE)
    return _differing(expected, actual, "data", 0.0)


def _verdict(data):
    evaluation = data["evaluation"]
    return {
        "status": data["status"],
        "result": data["result"],
        "shown": evaluation["result"],
        "score": evaluation["score"],
    }


def _indicators(data):
    evaluation = data["evaluation"]
    kept = [
        {
            **{key: one[key] for key in ("status", "score", "keySli", "displayName", "value")},
            "passTargets": one["passTargets"] or [],
            "warningTargets": one["warningTargets"] or [],
        }
        for one in evaluation["indicatorResults"] or []
    ]
    return {"indicators": kept, "comparedEvents": evaluation.get("comparedEvents", [])}


def _differing(expected, actual, where, tolerance):
    if isinstance(expected, dict) and isinstance(actual, dict):
        missing = [f"{where}: {key} is missing" for key in expected.keys() - actual.keys()]
        extra = [f"{where}: {key} is too much" for key in actual.keys() - expected.keys()]
        both = expected.keys() & actual.keys()
        inner = [text for key in both for text in _differing(expected[key], actual[key], f"{where}.{key}", tolerance)]
        return missing + extra + inner
    if isinstance(expected, list) and isinstance(actual, list) and len(expected) == len(actual):
        pairs = enumerate(zip(expected, actual, strict=True))
        return [
            text for place, (one, other) in pairs for text in _differing(one, other, f"{where}[{place}]", tolerance)
        ]
    if _is_number(expected) and _is_number(actual):
        agree = math.isclose(expected, actual, rel_tol=tolerance, abs_tol=0.0)
    else:
        agree = type(expected) is type(actual) and expected == actual
    return [] if agree else [f"{where}: expected {expected!r}, got {actual!r}"]


def _is_number(value):
    return isinstance(value, int | float) and not isinstance(value, bool)
