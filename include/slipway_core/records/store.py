"""The records of one database. Nothing here imports SQLAlchemy before something is asked."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from slipway_core.records.entries import Pruned
from slipway_core.records.location import records_url

if TYPE_CHECKING:
    from slipway_core.records.actions import Actions
    from slipway_core.records.approvals import Approvals
    from slipway_core.records.cancellations import Cancellations
    from slipway_core.records.database import Database
    from slipway_core.records.evaluations import Evaluations
    from slipway_core.records.inbox import Inbox
    from slipway_core.records.lanes import Lanes
    from slipway_core.records.tokens import Tokens

# An `include_result_with_score` may look back over as many evaluations, and not over more (evaluation.md 4).
FURTHEST_BASELINE = 100
WAIT = 10.0


class Records:
    """All records in one database; cheap to make, safe to share between threads and over forks.

    :param url: SQLAlchemy's address: `sqlite:///…` or `postgresql://…`
    :param wait: seconds to wait for a connection or a lock, each
    """

    def __init__(self, url: str, wait: float = WAIT) -> None:
        self._url, self._wait = url, wait

    @cached_property
    def _database(self) -> Database:
        from slipway_core.records.database import Database

        return Database(self._url, self._wait)

    @property
    def address(self) -> str:
        """The database as people may see it: without password."""
        return self._database.address

    @cached_property
    def evaluations(self) -> Evaluations:
        """What gates came to."""
        from slipway_core.records.evaluations import Evaluations

        return Evaluations(self._database)

    @cached_property
    def approvals(self) -> Approvals:
        """What people were asked, and what they said."""
        from slipway_core.records.approvals import Approvals

        return Approvals(self._database)

    @cached_property
    def lanes(self) -> Lanes:
        """Which run of a project, stage and service runs, and which wait."""
        from slipway_core.records.lanes import Lanes

        return Lanes(self._database)

    @cached_property
    def cancellations(self) -> Cancellations:
        """What people ended."""
        from slipway_core.records.cancellations import Cancellations

        return Cancellations(self._database)

    @cached_property
    def actions(self) -> Actions:
        """What was done, or not done, against problems."""
        from slipway_core.records.actions import Actions

        return Actions(self._database)

    @cached_property
    def inbox(self) -> Inbox:
        """What came in from outside."""
        from slipway_core.records.inbox import Inbox

        return Inbox(self._database)

    @cached_property
    def tokens(self) -> Tokens:
        """The rights of senders that cannot log in."""
        from slipway_core.records.tokens import Tokens

        return Tokens(self._database)

    def migrate(self) -> None:
        """Bring the tables up to date; does nothing where they are. Safe when several start at once."""
        self._database.migrate()

    def prune(self, older_than_days: float, keep_last: int = FURTHEST_BASELINE) -> Pruned:
        """Delete what is old; never what still matters: open approvals, lanes, counts of replicas, new messages.

        :param older_than_days: counted from when an evaluation finished, an approval was decided, an action was asked
            for, a message came in
        :param keep_last: so many newest evaluations of each project, stage, service and result stay however old they
            are, for baselines; invalidated ones do not count
        """
        self.cancellations.prune(older_than_days)
        return Pruned(
            self.evaluations.prune(older_than_days, keep_last),
            self.approvals.prune(older_than_days),
            self.actions.prune(older_than_days),
            self.inbox.prune(older_than_days),
        )


def open_records(url: str | None = None, wait: float = WAIT) -> Records:
    """Return the records in a database; connects with the first question, and makes the tables then if need be.

    :param url: see :func:`slipway_core.records.location.records_url` for what holds when it is left out
    :param wait: seconds to wait for a connection or a lock, each
    """
    return Records(url or records_url(), wait)
