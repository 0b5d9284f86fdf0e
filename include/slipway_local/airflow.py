"""A local Airflow: PostgreSQL, the four daemons, servers for logs and Git, the publisher; started and stopped as one.

Airflow's own log servers listen on every address of the machine, so the daemons run without them, and one server
on 127.0.0.1 serves the same files.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path

from slipway_cluster import processes
from slipway_cluster.places import CHECKOUT, state_dir
from slipway_core.records import open_records

from slipway_local import sessions
from slipway_local.api import AirflowApi
from slipway_local.errors import ApiError, LocalError, NotReady, PartDied
from slipway_local.health import HEALTH, Part, health_word, is_healthy
from slipway_local.logs import log_file, tail
from slipway_local.ports import require_free
from slipway_local.postgres import Postgres
from slipway_local.private_files import write_private
from slipway_local.settings import SAMPLE, environment, foreign, git_token, passwords, records_owner

PARTS = ("git-server", "publisher", "log-server", "api-server", *HEALTH)
_BEFORE_TABLES = ("git-server", "publisher")  # they need no database, and Airflow needs what they publish


@dataclass(frozen=True, kw_only=True)
class LocalAirflow:
    """One Airflow on this machine. Several run side by side when folders and ports differ.

    :param name: what people call it; shown in the UI.
    :param folder: everything it keeps: database, logs, bundles, passwords, process records.
    :param port: TCP port of UI and API on 127.0.0.1.
    :param log_port: TCP port of the log server on 127.0.0.1; 0 takes `port` + 713 (8080 → 8793, Airflow's own).
    :param sources: folder of project folders that the publisher watches.
    :param dags: folder of the DAG files that are published with them.
    :param published: the Git repository that the publisher writes and Airflow runs from.
    :param parallelism: how many tasks run at once.
    :param heartbeat_timeout: seconds after which a task whose worker died is given up.
    :param test_connection: whether the UI offers to test connections.
    """

    name: str = "demo"
    folder: Path = field(default_factory=lambda: state_dir() / "airflow")
    port: int = 8080
    log_port: int = 0
    sources: Path = CHECKOUT / "include" / "projects"
    dags: Path = CHECKOUT / "dags"
    published: Path = field(default_factory=lambda: state_dir() / "published")
    parallelism: int = 6
    heartbeat_timeout: int = 60
    test_connection: bool = False

    def __post_init__(self) -> None:
        if not self.log_port:
            object.__setattr__(self, "log_port", self.port + 713)

    @classmethod
    def kept(cls, folder: Path) -> LocalAirflow | None:
        """Return the Airflow that was last started in `folder`, with its ports and places; None if none was."""
        try:
            values = json.loads((folder / "airflow.json").read_text())
        except FileNotFoundError:
            return None
        return cls(**values | {name: Path(values[name]) for name in ("folder", "sources", "dags", "published")})

    @property
    def address(self) -> str:
        """UI and API."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def other_port(self) -> str:
        """What to do when one of its ports is taken."""
        port = self.port + 1
        return (
            f"Stop it, or choose another port by `SLIPWAY_PORT={port}` before the command; "
            f"the log server then takes {port + 713}, the Git server {port + 720}."
        )

    @property
    def git_port(self) -> int:
        """TCP port of the Git server on 127.0.0.1: `port` + 720 (8080 → 8800)."""
        return self.port + 720

    @property
    def git_address(self) -> str:
        """Where its repositories are: `<git_address>/<name>.git`, with the token of the connection `slipway_git`."""
        return f"http://127.0.0.1:{self.git_port}"

    @property
    def sample_address(self) -> str:
        """Where the sample project is; the connection `slipway_sample` names it."""
        return f"{self.git_address}/{SAMPLE}.git"

    @property
    def repositories(self) -> Path:
        """Folder of the bare repositories that the Git server serves."""
        return self.folder / "repositories"

    def running(self) -> bool:
        """Say whether its API server runs."""
        return processes.running("api-server", self.folder) is not None

    @property
    def home(self) -> Path:
        """AIRFLOW_HOME: logs of tasks, checked-out bundles."""
        return self.folder / "home"

    @property
    def passwords_file(self) -> Path:
        """JSON, user → password; only its owner may read it."""
        return self.folder / "passwords.json"

    @cached_property
    def postgres(self) -> Postgres:
        """Its database server."""
        return Postgres(self.folder)

    def password(self, user: str = "admin") -> str:
        """Return a user's password (admin, op, user, viewer)."""
        return passwords(self)[user]

    def git_token(self) -> str:
        """Return the token of the Git server; made at the first call."""
        return git_token(self)

    def api(self, user: str = "admin") -> AirflowApi:
        """Return a client of its REST API."""
        return AirflowApi(self.address, user, self.password(user))

    # Up

    def up(self, progress: Callable[[str], None] = lambda _: None, timeout: float = 180.0) -> None:
        """Start what does not run and wait until all parts are healthy. Running it again only mends.

        :param timeout: seconds for the daemons to get healthy.
        :raises PortTaken: when another program has a port.
        :raises PartDied: when a part ends while starting; with the end of its log.
        """
        self._give_up_other_ports(progress)
        self._require_ports()
        for place in (self.home / "no-dags", self.sources):
            place.mkdir(parents=True, exist_ok=True)
        self.home.chmod(0o700)
        write_private(self.folder / "airflow.json", json.dumps(asdict(self), default=str))
        progress("PostgreSQL")
        self.postgres.up(progress)
        variables = environment(self)
        began: dict[str, datetime] = {}
        for name in _BEFORE_TABLES:
            self._start(name, variables, began, progress)
        self._migrate(variables, progress)
        self._prepare_records(variables["SLIPWAY_RECORDS_URL"], progress)
        self._wait_for_store()
        for name in PARTS[len(_BEFORE_TABLES) :]:
            self._start(name, variables, began, progress)
        self._wait_until_healthy(began, progress, timeout)

    def _give_up_other_ports(self, progress: Callable[[str], None]) -> None:
        before = LocalAirflow.kept(self.folder)
        if before and before != self and any(processes.running(name, self.folder) for name in PARTS):
            progress("Its settings changed: stopping it first")
            before.down()

    def _require_ports(self) -> None:
        ports = {"api-server": self.port, "log-server": self.log_port, "git-server": self.git_port}
        for name, port in ports.items():
            if not processes.running(name, self.folder):
                self._end_leftovers(name)
                require_free(port, f"Airflow's {name}", self.other_port)

    def _end_leftovers(self, name: str) -> None:
        """End what a part that was killed hard left alone; its workers wait for it and take no notice of SIGTERM."""
        leader = sessions.recorded(name, self.folder)
        processes.stop(name, self.folder, grace=1.0)
        sessions.end_session(leader, grace=1.0)

    def _command(self, name: str) -> list[str]:
        if name in _BEFORE_TABLES:
            return [sys.executable, "-m", f"slipway_local.{name.replace('-', '_')}", str(self.folder)]
        if name == "log-server":
            server = "airflow.utils.serve_logs.log_server:get_app"
            where = ["--host", "127.0.0.1", "--port", str(self.log_port)]
            return [sys.executable, "-m", "uvicorn", server, "--factory", *where, "--no-access-log"]
        quiet = ["--skip-serve-logs"] if name in ("scheduler", "triggerer") else []
        return [sys.executable, "-m", "airflow", name, *quiet]

    def _start(
        self, name: str, variables: dict[str, str], began: dict[str, datetime], progress: Callable[[str], None]
    ) -> None:
        if processes.running(name, self.folder):
            return
        self._end_leftovers(name)
        progress(f"Airflow: starting {name}")
        began[name] = datetime.now(UTC)
        # `env` leaves the process id as it is; processes.start only adds variables to those of this process.
        unset = [word for variable in foreign() if variable not in variables for word in ("-u", variable)]
        argv = ["env", *unset, *self._command(name)]
        processes.start(argv, name=name, folder=self.folder, env=variables, cwd=self.home)

    def _migrate(self, variables: dict[str, str], progress: Callable[[str], None]) -> None:
        from importlib.metadata import version

        done = f"migrated by Airflow {version('apache-airflow-core')}"
        if self.postgres.note() == done:
            return
        progress("Airflow: making the tables of the database")
        log = log_file(self.folder, "db-migrate")
        with log.open("wb") as output:
            argv = [sys.executable, "-m", "airflow", "db", "migrate"]
            made = subprocess.run(argv, check=False, env=variables, stdout=output, stderr=output)
        if made.returncode:
            raise PartDied(f"`airflow db migrate` failed.\n{tail(self.folder, 'db-migrate')}")
        self.postgres.set_note(done)

    def _prepare_records(self, url: str, progress: Callable[[str], None]) -> None:
        progress("Records: looking after their tables")
        self.postgres.make_database(*records_owner(self))
        open_records(url).migrate()
        # For `./slipway history` and the like in a shell, which has no such variable.
        write_private(self.folder / "records-url", url)

    def _wait_for_store(self, timeout: float = 60.0) -> None:
        """Wait for the publisher's first commit: the DAG processor gives up on a bundle without a branch."""
        deadline = time.monotonic() + timeout
        asked = ["git", "-C", str(self.published), "rev-parse", "--verify", "--quiet", "refs/heads/main"]
        while subprocess.run(asked, check=False, capture_output=True).returncode:
            self._require_alive("publisher")
            if time.monotonic() > deadline:
                raise NotReady(
                    f"Nothing was published into {self.published} within {timeout:.0f} s.\n"
                    f"{tail(self.folder, 'publisher')}"
                )
            time.sleep(0.2)

    def _wait_until_healthy(self, began: dict[str, datetime], progress: Callable[[str], None], timeout: float) -> None:
        deadline = time.monotonic() + timeout
        told = ""
        while waiting := self._unhealthy(began):
            for name in PARTS:
                self._require_alive(name)
            if time.monotonic() > deadline:
                logs = "\n".join(tail(self.folder, name) for name in waiting)
                raise NotReady(f"Not healthy after {timeout:.0f} s: {', '.join(waiting)}.\n{logs}")
            if (text := f"Airflow: waiting for {', '.join(waiting)}") != told:
                progress(told := text)
            time.sleep(0.5)

    def _require_alive(self, name: str) -> None:
        if not processes.running(name, self.folder):
            raise PartDied(f"Airflow's {name} ended while it was starting.\n{tail(self.folder, name)}")

    def _unhealthy(self, began: dict[str, datetime]) -> list[str]:
        """Return the parts that are not healthy yet; a heartbeat from before the start does not count."""
        try:
            with self.api() as api:
                health = api.health()
        except ApiError:
            return ["api-server", *HEALTH]
        return [name for name in HEALTH if not is_healthy(name, health, began.get(name))]

    # Down

    def down(self) -> None:
        """Stop everything, the database last. No worker, parser or task of it is left."""
        leaders = [sessions.recorded(name, self.folder) for name in PARTS]
        with ThreadPoolExecutor(len(PARTS)) as pool:
            list(pool.map(lambda name: processes.stop(name, self.folder), PARTS))
            list(pool.map(sessions.end_session, leaders))
        self.postgres.down()

    # Status

    def status(self) -> list[Part]:
        """Return every part with its process id and health."""
        health = {}
        if self.running():
            with suppress(ApiError), self.api() as api:
                health = api.health()
        return [
            Part(name, pid, health_word(name, pid, health), log_file(self.folder, name))
            for name in ("postgres", *PARTS)
            for pid in [processes.running(name, self.folder)]
        ]


def chosen_airflow() -> LocalAirflow:
    """Return the Airflow of `up`, `down`, `demo`: port from $SLIPWAY_PORT, else 8080."""
    text = os.environ.get("SLIPWAY_PORT", "8080")
    if not text.isdigit() or not 1024 <= int(text) <= 64000:
        raise LocalError(f"SLIPWAY_PORT is {text!r}; give a port from 1024 to 64000.")
    return LocalAirflow(port=int(text), test_connection=True)
