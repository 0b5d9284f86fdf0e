"""What can go wrong, as records and as errors.

Family tree::

    SlipwayError
    ├── InvalidFile     a file of the user cannot be used; holds the problems, each with file and line
    ├── InvalidEvent    the data of an event or a form cannot be used; names the field
    ├── UnsafePath      a path leads out of the project's folder
    ├── RemoteFailed    a Git remote could not be read or written; holds what to do
    └── PublishFailed   git, or the folder published from or to, did not do what publishing needs
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

ERROR = "error"
WARNING = "warning"
NOTE = "note"

_LONGEST_EXCERPT = 160


class Problem(NamedTuple):
    """One thing wrong with a file, said so that its writer can mend it.

    :param file: path as the user knows it
    :param line: first line is 1; ``None`` when the file as a whole is meant
    :param message: what is wrong, one sentence
    :param advice: what to do now
    :param excerpt: the lines in question, as :func:`excerpt` makes them
    :param severity: ``error``, ``warning`` (it works, but hardly as meant) or ``note``
    """

    file: str
    line: int | None
    message: str
    advice: str = ""
    excerpt: str = ""
    severity: str = ERROR

    def render(self) -> str:
        """Return the problem as people read it: where and what, the line itself, what to do."""
        where = self.file if self.line is None else f"{self.file}, line {self.line}"
        kind = "" if self.severity == ERROR else f"{self.severity}: "
        parts = [f"{where}: {kind}{self.message}", self.excerpt, self.advice]
        return "\n".join(part for part in parts if part)


class SlipwayError(Exception):
    """Base of every error that Slipway raises on purpose."""


class InvalidFile(SlipwayError):
    """A file cannot be used.

    :param problems: all that was found in it, at least one of them an error
    """

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__(render(problem for problem in self.problems if problem.severity == ERROR))


class InvalidEvent(SlipwayError):
    """The data of an event, or what was filled into a form, cannot be used.

    :param field: name of the field, dotted where it lies deeper
    :param message: what is wrong with it and what it should be
    """

    def __init__(self, field: str, message: str) -> None:
        self.field = field
        super().__init__(f"{field}: {message}")


class UnsafePath(SlipwayError):
    """A path leads out of the folder it must stay in."""


class PublishFailed(SlipwayError):
    """Publishing could not be done at all; what was published before is untouched."""


class RemoteFailed(SlipwayError):
    """A Git remote could not be read or written.

    :param message: what went wrong, one sentence; never holds credentials
    :param advice: what to do now
    """

    def __init__(self, message: str, advice: str = "") -> None:
        self.message, self.advice = message, advice
        super().__init__(f"{message}\n{advice}".strip())


def render(problems: Iterable[Problem]) -> str:
    """Return several problems as one text, an empty line between them."""
    return "\n\n".join(problem.render() for problem in problems)


def has_errors(problems: Iterable[Problem]) -> bool:
    """Say whether any problem is more than a warning."""
    return any(problem.severity == ERROR for problem in problems)


def excerpt(lines: list[str], *numbers: int) -> str:
    """Return the numbered lines of a file, safe for a terminal; a tab shows as an arrow.

    :param lines: all lines of the file
    :param numbers: which ones; the first line is 1; numbers outside the file are left out
    """
    known = [number for number in numbers if 1 <= number <= len(lines)]
    width = max((len(str(number)) for number in known), default=1)
    return "\n".join(f"  {number:>{width}} | {_printable(lines[number - 1])}" for number in known)


def _printable(line: str) -> str:
    shown = "".join(char if char.isprintable() else "→" if char == "\t" else "·" for char in line.rstrip())
    return shown if len(shown) <= _LONGEST_EXCERPT else shown[:_LONGEST_EXCERPT] + " …"
