"""The end of a part's log, for messages."""

from __future__ import annotations

import re
from pathlib import Path

_COLOURS = re.compile(r"\x1b\[[0-9;]*m")


def log_file(folder: Path, name: str) -> Path:
    """Return where `processes.start` keeps the output of the part `name`."""
    return folder / "logs" / f"{name}.log"


def tail(folder: Path, name: str, lines: int = 20) -> str:
    """Return the last `lines` of a part's log, without colours, led by its path."""
    path = log_file(folder, name)
    try:
        with path.open("rb") as file:
            file.seek(max(0, path.stat().st_size - 64_000))
            text = file.read().decode(errors="replace")
    except FileNotFoundError:
        return f"{path} does not exist."
    last = _COLOURS.sub("", text).splitlines()[-lines:]
    return "\n".join([f"The end of {path}:", *(f"  {line}" for line in last)])
