"""A PostgreSQL server of Slipway's own: Debian's programs, data in our folder, an unprivileged user, no TCP port.

The server answers on a Unix socket only, with a password. So several run side by side without agreeing on ports.
"""

from __future__ import annotations

import hashlib
import os
import platform
import pwd
import secrets
import shutil
import signal
import subprocess
import time
from collections.abc import Callable
from contextlib import closing, suppress
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any
from urllib.parse import quote

import psycopg2  # type: ignore[import-untyped]
from slipway_cluster import processes

from slipway_local.as_user import argv_as, reachable, unprivileged_user
from slipway_local.errors import LocalError, NotReady, PartDied
from slipway_local.logs import tail
from slipway_local.postgres_server import end_stray, find_programs
from slipway_local.private_files import write_private

_NAME = "postgres"
_ROLE = "airflow"
_USERS = ("postgres", "slipway-postgres")  # Debian's own for it; the last one is made when there is none
_RUN = Path("/run/slipway-postgres")


@dataclass(frozen=True)
class Postgres:
    """One server. Its folder holds `postgres` (the data), `postgres-password`, and the log.

    :param folder: where data, log and process record live.
    :param programs: folder of `initdb` and `postgres`; found, or unpacked from Debian's package, when not given.
    """

    folder: Path
    programs: Path | None = None
    _runtime: Path = field(default=_RUN, repr=False)

    @property
    def data(self) -> Path:
        """The folder of PostgreSQL's files."""
        return self.folder / "postgres"

    @property
    def socket_folder(self) -> Path:
        """Where the socket is. Not in the folder: a socket's path may only have 107 characters."""
        runtime = self._runtime if os.geteuid() == 0 else Path(f"/tmp/slipway-postgres-{os.geteuid()}")  # noqa: S108
        return runtime / hashlib.sha256(str(self.folder.absolute()).encode()).hexdigest()[:12]

    def url(self, driver: str, database: str = _ROLE, owner: tuple[str, str] | None = None) -> str:
        """Return SQLAlchemy's address of `database` for a driver (`psycopg2`, `asyncpg`). It holds the password.

        :param owner: role and password; the server's own, who may do everything, when not given.
        """
        role, password = owner or (_ROLE, self._password)
        where = quote(str(self.socket_folder))
        return f"postgresql+{driver}://{role}:{quote(password, safe='')}@/{database}?host={where}"

    def up(self, progress: Callable[[str], None] = lambda _: None) -> None:
        """Start the server unless it runs; make its data first when there are none.

        :raises PartDied: when it ends at once; with the end of its log.
        """
        if processes.running(_NAME, self.folder):
            return
        self._prepare_folders()
        end_stray(self.data)
        if not (self.data / "PG_VERSION").exists():
            progress("PostgreSQL: making the data folder")
            self._initialise()
        # Children of a server that was killed hard keep its shared memory for a moment; then a new one refuses.
        for attempt in (1, 2, 3):
            processes.start(
                self._command("postgres", *self._options()), name=_NAME, folder=self.folder, env=self._environment
            )
            try:
                self._wait()
            except PartDied:
                if attempt == 3:
                    raise
                time.sleep(2)
            else:
                break
        self.make_database(_ROLE)

    def down(self, grace: float = 15.0) -> None:
        """Stop the server: quickly but cleanly, hard after `grace` seconds."""
        if pid := processes.running(_NAME, self.folder):
            # SIGINT is its "fast" shutdown; SIGTERM would wait for every client to leave.
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGINT)
            deadline = time.monotonic() + grace
            while processes.running(_NAME, self.folder) and time.monotonic() < deadline:
                time.sleep(0.1)
        processes.stop(_NAME, self.folder)
        shutil.rmtree(self.socket_folder, ignore_errors=True)

    def running(self) -> int | None:
        """Return the server's process id, or None."""
        return processes.running(_NAME, self.folder)

    def make_database(self, name: str, password: str | None = None) -> None:
        """Make a database of the running server, unless it is there.

        :param name: a plain word, of ours; no input of anybody.
        :param password: of a role of the same name, which then owns this database and gets into no other.
        """
        if password is not None:
            self._make_owned(name, password)
            return
        if not self._ask("postgres", "SELECT 1 FROM pg_database WHERE datname = %s", name):
            self._ask("postgres", f"CREATE DATABASE {name}")

    def note(self) -> str | None:
        """Return the remark kept with the database (see `set_note`), or None."""
        rows = self._ask(
            _ROLE, "SELECT shobj_description(oid, 'pg_database') FROM pg_database WHERE datname = %s", _ROLE
        )
        note: str | None = rows[0][0]
        return note

    def set_note(self, note: str) -> None:
        """Keep a remark with the database; it is lost with the database and only then."""
        self._ask(_ROLE, f"COMMENT ON DATABASE {_ROLE} IS %s", note)

    # How it is run

    @cached_property
    def _programs(self) -> Path:
        return self.programs or find_programs()

    @cached_property
    def _user(self) -> str:
        """PostgreSQL refuses to run as root."""
        return unprivileged_user(_USERS)

    @cached_property
    def _shown(self) -> dict[Path, Path]:
        """The folders that the user could not reach by themselves, and where it finds them instead."""
        if os.geteuid() != 0:
            return {}
        root = self._programs.parents[4]  # <root>/usr/lib/postgresql/15/bin
        wanted = {self.data: self.socket_folder / "data"}
        if root != Path("/"):
            wanted[root] = self.socket_folder / "programs"
        return {place.resolve(): shown for place, shown in wanted.items() if not reachable(place, self._user)}

    def _seen(self, place: Path) -> Path:
        for real, shown in self._shown.items():
            if place.resolve().is_relative_to(real):
                return shown / place.resolve().relative_to(real)
        return place

    def _command(self, program: str, *arguments: str | Path) -> list[str]:
        return argv_as(self._user, self._shown, [self._seen(self._programs / program), *arguments])

    @property
    def _environment(self) -> dict[str, str]:
        own = {"LC_ALL": "C.UTF-8", "TZ": "UTC"}
        root = self._programs.parents[4]
        if root != Path("/"):  # an unpacked package finds its own libraries only when told
            own["LD_LIBRARY_PATH"] = str(self._seen(root) / f"usr/lib/{platform.machine()}-linux-gnu")
        return own

    def _options(self) -> list[str]:
        settings = {
            "listen_addresses": "",
            "unix_socket_directories": str(self.socket_folder),
            "unix_socket_permissions": "0700",
            "max_connections": "150",
            "shared_buffers": "64MB",
            "jit": "off",
            "logging_collector": "off",
        }
        return ["-D", str(self._seen(self.data)), *(f"--{name}={value}" for name, value in settings.items())]

    # Its folders and data

    def _prepare_folders(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        self.socket_folder.parent.mkdir(parents=True, exist_ok=True)
        self.socket_folder.mkdir(mode=0o700, exist_ok=True)
        self.data.mkdir(mode=0o700, exist_ok=True)
        if os.geteuid() == 0:
            owner = pwd.getpwnam(self._user)
            for place in (self.socket_folder, self.data):
                os.chown(place, owner.pw_uid, owner.pw_gid)
            for shown in self._shown.values():
                shown.mkdir(exist_ok=True)

    def _initialise(self) -> None:
        write_private(self._password_file, secrets.token_urlsafe(24))
        shutil.rmtree(self.data)  # a half-made one of a broken first try
        self._prepare_folders()
        # initdb reads the password as the other user, so it lies in their folder as long as that takes.
        copy = self.socket_folder / "password"
        write_private(copy, self._password)
        if os.geteuid() == 0:
            shutil.chown(copy, self._user)
        try:
            made = subprocess.run(
                self._command(
                    "initdb", "--pgdata", self._seen(self.data), "--username", _ROLE, "--auth", "scram-sha-256",
                    "--pwfile", copy, "--encoding", "UTF8", "--locale", "C.UTF-8",
                ),
                check=False,
                env={**os.environ, **self._environment},
                capture_output=True,
                text=True,
            )  # fmt: skip
        finally:
            copy.unlink()
        if made.returncode:
            raise PartDied(f"PostgreSQL's data folder {self.data} could not be made:\n{made.stdout}{made.stderr}")

    @property
    def _password_file(self) -> Path:
        return self.folder / "postgres-password"

    @property
    def _password(self) -> str:
        try:
            return self._password_file.read_text()
        except FileNotFoundError:
            raise LocalError(
                f"{self._password_file} is gone, and nothing else opens the database. "
                f"Remove {self.data} and start anew."
            ) from None

    # Talking to it

    def _wait(self, timeout: float = 30.0) -> None:
        deadline = time.monotonic() + timeout
        while time.monotonic() < deadline:
            if not processes.running(_NAME, self.folder):
                raise PartDied(f"PostgreSQL ended while it was starting.\n{tail(self.folder, _NAME)}")
            try:
                self._ask("postgres", "SELECT 1")
                return
            except psycopg2.OperationalError as error:
                if "password" in str(error):
                    raise LocalError(
                        f"The password in {self._password_file} does not open the database in {self.data}. "
                        "One of them is from another time: remove both and start anew."
                    ) from error
            time.sleep(0.1)
        raise NotReady(f"PostgreSQL does not answer after {timeout:.0f} s.\n{tail(self.folder, _NAME)}")

    def _make_owned(self, name: str, password: str) -> None:
        known = self._ask("postgres", "SELECT 1 FROM pg_roles WHERE rolname = %s", name)
        self._ask("postgres", f"{'ALTER' if known else 'CREATE'} ROLE {name} LOGIN PASSWORD %s", password)
        self.make_database(name)
        self._ask("postgres", f"ALTER DATABASE {name} OWNER TO {name}")
        for closed in ("postgres", _ROLE):  # else every role may look into them
            self._ask("postgres", f"REVOKE CONNECT ON DATABASE {closed} FROM PUBLIC")

    def _ask(self, database: str, statement: str, *values: Any) -> list[tuple[Any, ...]]:
        with closing(
            psycopg2.connect(host=str(self.socket_folder), user=_ROLE, password=self._password, dbname=database)
        ) as connection:
            connection.autocommit = True
            with connection.cursor() as cursor:
                cursor.execute(statement, values)
                return cursor.fetchall() if cursor.description else []
