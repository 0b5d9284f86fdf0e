"""Where things lie: the checkout, the cache that all checkouts share, and the state of this one."""

from __future__ import annotations

import os
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[3]


def cache_dir() -> Path:
    """Folder for what can be made again (binaries, unpacked packages, images), by the hash of its sources.

    It lies outside the checkout, so a fresh clone starts warm. `SLIPWAY_CACHE` moves it.
    """
    return _folder("SLIPWAY_CACHE", Path.home() / ".cache" / "slipway")


def state_dir() -> Path:
    """Folder for everything that this checkout's cluster and Airflow write. `SLIPWAY_STATE` moves it."""
    return _folder("SLIPWAY_STATE", CHECKOUT / ".slipway")


def _folder(variable: str, default: Path) -> Path:
    folder = Path(os.environ.get(variable) or default).absolute()
    folder.mkdir(parents=True, exist_ok=True)
    return folder
