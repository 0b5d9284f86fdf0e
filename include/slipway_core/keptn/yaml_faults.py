"""From libyaml's words about broken YAML to a sentence that helps."""

from __future__ import annotations

import re
from typing import Any

from slipway_core.keptn.problems import Problem, excerpt

_KEY = re.compile(r"^(\s*(?:- +)*)([^\s#:'\"\[{][^:]*?)\s*:(\s|$)")


def explain(error: Any, file: str, lines: list[str]) -> Problem:
    """Return the problem behind a YAML error.

    :param error: what PyYAML raised
    :param file: path to name
    :param lines: lines of the file
    """
    mark = getattr(error, "problem_mark", None)
    if mark is None:  # a character that YAML forbids; libyaml tells its place only in words
        return _forbidden_character(error, file, lines)
    line = min(mark.line + 1, max(len(lines), 1))
    found = _tab(lines, line) or _too_deep(lines, line, str(error.problem))
    if found:
        where, message, advice = found
        return Problem(file, where, message, advice, excerpt(lines, where))
    context = getattr(error, "context", None)
    begun = error.context_mark.line + 1 if context and getattr(error, "context_mark", None) else None
    since = f" ({context}, which began in line {begun})" if begun and begun != line else ""
    message = f"this is not YAML: {error.problem}{since}."
    advice = "Compare its indentation with the lines above; look for a missing colon, quote or dash."
    shown = [number for number in (begun, line) if number]
    return Problem(file, line, message, advice, excerpt(lines, *sorted(set(shown))))


def _tab(lines: list[str], line: int) -> tuple[int, str, str] | None:
    for number in (line, line - 1):
        if 1 <= number <= len(lines):
            text = lines[number - 1]
            if "\t" in text[: len(text) - len(text.lstrip())]:
                return number, "a tab stands in the indentation.", "YAML wants blanks there: replace the tab."
    return None


def _too_deep(lines: list[str], line: int, problem: str) -> tuple[int, str, str] | None:
    """Find a key that was indented deeper than the 'key: value' line above it."""
    if problem not in ("mapping values are not allowed in this context", "did not find expected key"):
        return None
    key = _KEY.match(lines[line - 1]) if line <= len(lines) else None
    above = next(
        (text for text in reversed(lines[: line - 1]) if text.strip() and not text.lstrip().startswith("#")), ""
    )
    owner = _KEY.match(above)
    if not key or not owner or len(key[1]) <= len(owner[1]) or not above[owner.end() :].strip():
        return None
    name, parent = key[2].strip(), owner[2].strip()
    return line, f"'{name}' sits deeper than the '{parent}' it belongs to.", f"Move it to the column of '{parent}'."


def _forbidden_character(error: Any, file: str, lines: list[str]) -> Problem:
    pattern = re.compile(r"[^\t\r\n\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
    number = next((number for number, text in enumerate(lines, 1) if pattern.search(text)), None)
    message = "a character stands here that YAML does not allow."
    advice = f"Remove it, or write it as an escape inside double quotes ({getattr(error, 'reason', None) or error})."
    return Problem(file, number, message, advice, excerpt(lines, number or 0))
