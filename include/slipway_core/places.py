"""Where this runs, and where it keeps what it makes."""

from __future__ import annotations

import os
from pathlib import Path


def checkout() -> Path:
    """Return the root of the checkout this runs in, else the current folder."""
    root = Path(__file__).resolve().parents[2]
    return root if (root / "dags").is_dir() else Path.cwd()


def state_folder() -> Path:
    """Return the folder for what is made: $SLIPWAY_STATE, else `.slipway` in the checkout."""
    return Path(os.environ.get("SLIPWAY_STATE") or checkout() / ".slipway")
