"""Which names services may have (sequences.md 8.1, R71)."""

from __future__ import annotations

from collections.abc import Iterable

from slipway_core.keptn.names import release_name

LONGEST = 43
_FORBIDDEN = set("/><|:&")


def wrong_name(service: str) -> str | None:
    """Return what is wrong with a service's name, or ``None`` (R71)."""
    if not service or service in (".", ".."):
        return "is no name"
    if len(service) > LONGEST:
        return f"is longer than {LONGEST} characters"
    if any(char in _FORBIDDEN or char.isspace() or not char.isprintable() for char in service):
        return "holds a blank or one of / > < | : &"
    return None


def wrong_release(service: str, others: Iterable[str]) -> str | None:
    """Return what is wrong with the Helm release of a service beside those of others, or ``None``."""
    release = release_name(service)
    if not release:
        return "makes no name of a Helm release: it has neither an ASCII letter nor a digit"
    same = next((other for other in others if other != service and release_name(other) == release), None)
    return f"has the same Helm release '{release}' as '{same}'" if same else None
