"""The drain: starts the runs of stored messages, in the API server, without a worker.

A thread of each API server process; the records let one at a time work. What was stored before a crash is started after
it: a message's run always has the same id, so that an interrupted start doubles nothing.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable

from slipway_core.records import Handled, Message, Records, RecordsUnavailable, open_records

from slipway.ways_in.start import start_run

LOOKS_EVERY = 2.0  # seconds, for what another process stored or left behind
AFTER_TROUBLE = 10.0  # seconds before the next try when a database is away

log = logging.getLogger(__name__)


class Drain:
    """Starts what is new; told of it by :meth:`wake`, and looking by itself now and then.

    :param records: where messages are; opened when the thread runs
    :param start: starts the run of one message; ``None`` from it means: later
    """

    def __init__(
        self, records: Callable[[], Records] = open_records, start: Callable[[Message], Handled | None] = start_run
    ) -> None:
        self._records = records
        self._start = start
        self._wanted, self._stopped = threading.Event(), threading.Event()
        self._thread: threading.Thread | None = None
        self._starting = threading.Lock()

    def run(self) -> None:
        """Start the thread, unless it lives."""
        with self._starting:
            if self._thread is None or not self._thread.is_alive():
                self._stopped.clear()
                # A daemon: a request to stop must not wait for it, and nothing is lost by ending it anywhere.
                self._thread = threading.Thread(target=self._loop, name="slipway-drain", daemon=True)
                self._thread.start()

    def wake(self) -> None:
        """Say that something was stored."""
        self.run()
        self._wanted.set()

    def stop(self, timeout: float = 5.0) -> None:
        """End the thread after the message it is at.

        :param timeout: seconds to wait for that
        """
        self._stopped.set()
        self._wanted.set()
        if self._thread:
            self._thread.join(timeout)

    def once(self) -> bool:
        """Start all that is new now; says whether nothing stood in the way."""
        try:
            inbox = self._records().inbox
            while inbox.handle_next(self._start):
                if self._stopped.is_set():
                    break
        except RecordsUnavailable as error:
            log.warning("What came in is not started yet: %s", error)
            return False
        except Exception:
            log.exception("The drain met a fault; it tries again in %g s", AFTER_TROUBLE)
            return False
        return True

    def _loop(self) -> None:
        while not self._stopped.is_set():
            self._wanted.clear()
            fine = self.once()
            if fine:
                self._wanted.wait(LOOKS_EVERY)
            else:
                self._stopped.wait(AFTER_TROUBLE)


drain = Drain()
