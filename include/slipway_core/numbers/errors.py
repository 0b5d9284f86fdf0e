"""What can go wrong while numbers are got.

Family tree::

    SlipwayError
    └── NumbersError
        ├── NoNumber             one query gave no number: its objective fails, the gate goes on
        │   ├── NoValue          no series, or a value that is no number
        │   ├── ManyValues       several series
        │   └── QueryRefused     the source cannot work with the query
        ├── SourceUnreachable    the source did not answer as it should: the gate is an error
        ├── NoSource             nothing says where numbers come from, or from what is not built
        ├── WindowNotOver        the window has not ended yet
        └── InvalidAccess        what is said of the source (address, account, certificates) cannot be used
"""

from __future__ import annotations

from slipway_core.keptn.problems import SlipwayError


class NumbersError(SlipwayError):
    """Base of all errors of this room."""


class NoNumber(NumbersError):
    """One query gave no number. The text is Keptn's, since verdicts carry it (evaluation.md 11).

    :param message: why
    :param query: the query as it was sent
    :param warnings: what the source said beside its answer
    """

    def __init__(self, message: str, query: str = "", warnings: tuple[str, ...] = ()) -> None:
        self.query, self.warnings = query, warnings
        super().__init__(message)


class NoValue(NoNumber):
    """The query gave nothing, or nothing that is a number."""


class ManyValues(NoNumber):
    """The query gave several series where one is wanted."""


class QueryRefused(NoNumber):
    """The query does not parse, cannot be run, or gives another kind of answer."""


class SourceUnreachable(NumbersError):
    """The source did not answer as it should.

    :param address: which one was asked, without credentials
    :param why: what happened and what to do, to be read after the address
    :param again: whether another try may help
    :param wait: seconds that the source asked to be left alone
    """

    def __init__(self, address: str, why: str, *, again: bool = False, wait: float = 0.0) -> None:
        self.address, self.why, self.again, self.wait = address, why, again, wait
        super().__init__(f"{address} {why}")


class NoSource(NumbersError):
    """Nothing says where the numbers of a gate come from, or a source is named that is not built."""


class WindowNotOver(NumbersError):
    """The window ends in the future; its numbers do not exist yet."""


class InvalidAccess(NumbersError):
    """Address, account or certificates of a source cannot be used; the text holds no secret."""
