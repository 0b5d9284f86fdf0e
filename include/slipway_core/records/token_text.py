"""How the text of a token looks; apart from the table, so that telling one needs no database."""

from __future__ import annotations

PREFIX = "slipway_"


def is_token(text: str) -> bool:
    """Say whether a text is meant as one of our tokens, and not as a login of Airflow's."""
    return text.startswith(PREFIX)
