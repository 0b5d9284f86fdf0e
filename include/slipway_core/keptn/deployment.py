"""The task `deployment`: which ways to deploy there are (decisions.md)."""

from __future__ import annotations

from typing import Any

STRATEGIES = ("direct", "user_managed")
ADVICE = f"Use '{STRATEGIES[0]}' or '{STRATEGIES[1]}' in the shipyard's properties of this task."


def wrong_strategy(strategy: Any) -> str | None:
    """Return what is wrong with a ``deploymentstrategy``, or ``None``; nothing said is fine."""
    if not strategy or strategy in STRATEGIES:
        return None
    return f"deploymentstrategy '{strategy}' is not built."
