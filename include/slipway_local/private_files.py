"""Small files that only their owner may read: passwords and keys, made once and kept."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping
from pathlib import Path


def write_private(path: Path, text: str) -> None:
    """Write `text` to `path` with mode 0600, in one step (never half, never readable for a moment)."""
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_name(f".{path.name}.{os.getpid()}")
    fresh.unlink(missing_ok=True)
    with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(text)
    fresh.replace(path)


def keep_once(path: Path, makers: Mapping[str, Callable[[], str]]) -> dict[str, str]:
    """Return the values kept in the JSON file `path`; make and keep those that are not there yet.

    :param makers: name → what makes a new value.
    """
    kept: dict[str, str] = json.loads(path.read_text()) if path.exists() else {}
    missing = {name: make() for name, make in makers.items() if name not in kept}
    if missing:
        kept |= missing
        write_private(path, json.dumps(kept))
    path.chmod(0o600)
    return kept


def forget(path: Path, name: str) -> None:
    """Take a value out of the JSON file `path`."""
    kept: dict[str, str] = json.loads(path.read_text())
    del kept[name]
    write_private(path, json.dumps(kept))
