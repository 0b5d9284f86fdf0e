"""Reads what the load image prints: progress, statistics, report (the format stands in include/locust_image)."""

from __future__ import annotations

import base64
import gzip
import hashlib
import json
import re
from collections import deque
from dataclasses import dataclass, field
from typing import Any

RESULT = re.compile(r"----- slipway locust result (\d+) -----")
REPORT = re.compile(r"----- slipway locust report (\d+) (\S+) -----")
END = "----- slipway locust end -----"
VERSION = 1
COLUMNS = ("requests", "failures", "requests_per_second", "mean_ms", "p50_ms", "p95_ms", "p99_ms")
HEADINGS = ("requests", "failed", "per second", "mean ms", "p50 ms", "p95 ms", "p99 ms")


@dataclass(frozen=True)
class LoadResults:
    """What a load test has measured.

    :param stats: ``start``, ``end`` (RFC 3339, UTC), ``requests``, ``failures``, ``failure_ratio``,
        ``requests_per_second``, ``mean_ms`` and percentiles in milliseconds, ``endpoints``, ``errors``.
    :param html: Locust's own report; None when it did not arrive whole.
    """

    stats: dict[str, Any]
    html: bytes | None

    def table(self) -> str:
        """Return the figures as a table for the task's log: one line an endpoint, then all together."""
        rows: list[tuple[str, ...]] = [("", *HEADINGS)]
        for one in [*self.stats.get("endpoints", []), {"method": "", "name": "all", **self.stats}]:
            figures = ("-" if one.get(key) is None else f"{one[key]:g}" for key in COLUMNS)
            rows.append((f"{one['method']} {one['name']}".strip(), *figures))
        widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
        lines = ["  ".join(cell.rjust(width) for cell, width in zip(row, widths, strict=True)) for row in rows]
        errors = [
            f"{one['occurrences']} x {one['method']} {one['name']}: {one['error']}"
            for one in self.stats.get("errors", [])
        ]
        return "\n".join([*lines, *errors])


@dataclass
class ResultsReader:
    """Takes the lines of the log one by one, and keeps the results apart from what is progress."""

    last_lines: deque[str] = field(default_factory=lambda: deque(maxlen=15))
    complete: bool = False
    _stats: dict[str, Any] | None = None
    _report: list[str] = field(default_factory=list)
    _expected: tuple[int, str] = (0, "-")
    _part: str = "progress"

    def take(self, line: str) -> str | None:
        """Take the next line; return it when it is progress for people to see, else None."""
        line = line.rstrip("\r\n")
        if self._part == "progress":
            if not (found := RESULT.fullmatch(line)):
                self.last_lines.append(line)
                return line
            self._part = "stats" if int(found[1]) == VERSION else "unknown"
        elif line == END:
            self.complete = self._stats is not None
            self._part = "progress"
        elif self._part == "stats":
            self._stats, self._part = json.loads(line), "report"
        elif found := REPORT.fullmatch(line):
            self._expected = (int(found[1]), found[2])
        else:
            self._report.append(line)
        return None

    def results(self) -> LoadResults:
        """Return the results; to be asked for when ``complete``."""
        return LoadResults(dict(self._stats or {}), self._html())

    def _html(self) -> bytes | None:
        lines, sha256 = self._expected
        if not lines or len(self._report) != lines:
            return None
        page = gzip.decompress(base64.b64decode("".join(self._report)))
        return page if hashlib.sha256(page).hexdigest() == sha256 else None
