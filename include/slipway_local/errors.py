"""What can go wrong on one's own machine.

LocalError
├── PortTaken      another program listens where a part of Airflow should
├── PartDied       a part ended while it was starting; holds the end of its log
├── NotReady       a part lives, but did not get ready in time
├── NoSuchApproval, NothingToCancel   what a command is to work on is not there; each beside its command
└── ApiError       Airflow's REST API refused, or did not answer
"""

from __future__ import annotations


class LocalError(Exception):
    """Base of all errors of this package; the text says what, where, and what to do now."""


class PortTaken(LocalError):
    """Another program listens on a port that is needed."""


class PartDied(LocalError):
    """A part ended while it was starting."""


class NotReady(LocalError):
    """Something lives, but did not get ready in the time it had."""


class ApiError(LocalError):
    """Airflow's REST API refused a request, or could not be reached.

    :param status: HTTP status, or 0 when there was no answer at all.
    """

    def __init__(self, message: str, status: int = 0) -> None:
        super().__init__(message)
        self.status = status
