"""Pages of Slipway's own in Airflow's UI: what they show. Their routes, with the permissions, are elsewhere."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

# No script, no frame of somebody else's, nothing from elsewhere: what is shown comes from outside.
HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'self'",
    "X-Content-Type-Options": "nosniff",
}


def page(name: str, **values: Any) -> str:
    """Return a page out of its template; every value is escaped."""
    return str(_environment().get_template(f"{name}.html").render(**values))


@cache
def _environment() -> Any:
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    return Environment(loader=FileSystemLoader(Path(__file__).parent), autoescape=True, undefined=StrictUndefined)
