"""What can go wrong with records.

Family tree::

    SlipwayError
    ├── RecordsUnavailable   the database is locked, away, not ours or none; nothing was stored
    ├── NoSuchRecord         an id that nothing has, or that fits several
    └── NameTaken            a name that must be the only one is there already
"""

from __future__ import annotations

from slipway_core.keptn.problems import SlipwayError


class RecordsUnavailable(SlipwayError):
    """The database could not be used; what was to be stored is not.

    :param address: of the database, without password
    :param why: in a few words
    :param advice: what to do now
    """

    def __init__(
        self, address: str, why: str, advice: str = "Nothing was read or stored; try again when it answers."
    ) -> None:
        super().__init__(f"The records in {address} cannot be used: {why}\n{advice}")
        self.address, self.why, self.advice = address, why, advice

    def __reduce__(self) -> tuple[type[RecordsUnavailable], tuple[str, str, str]]:
        return type(self), (self.address, self.why, self.advice)


class NoSuchRecord(SlipwayError):
    """No record, or more than one, goes by an id."""


class NameTaken(SlipwayError):
    """A record of this name is there already."""
