from __future__ import annotations

import os
from pathlib import Path

import pytest
from slipway_local import as_user
from slipway_local.errors import LocalError
from slipway_local.postgres import Postgres
from slipway_local.postgres_server import end_stray
from slipway_local.private_files import write_private


def test_folders_that_the_user_cannot_pass_are_shown_in_a_namespace() -> None:
    """The mount is this program's own: unshare comes first, nothing is left of it afterwards."""
    argv = as_user.argv_as("postgres", {Path("/root/x"): Path("/run/y")}, ["postgres", "-D", Path("/run/y")])
    assert argv[:2] == ["unshare", "--mount"]
    assert argv[-7:] == ["postgres", "/root/x", "/run/y", "--", "postgres", "-D", "/run/y"]


def test_without_such_folders_there_is_no_namespace() -> None:
    """A checkout that everybody may pass needs no mount."""
    assert "unshare" not in as_user.argv_as("postgres", {}, ["postgres"])


@pytest.mark.skipif(os.geteuid() != 0, reason="root passes everywhere, and only root can give folders away")
def test_a_folder_below_a_closed_one_cannot_be_reached(tmp_path: Path) -> None:
    """Only the folders above count; the place itself is handed over."""
    (tmp_path / "closed" / "data").mkdir(parents=True)
    (tmp_path / "closed").chmod(0o700)
    assert not as_user.reachable(tmp_path / "closed" / "data", "nobody")


def test_everybody_reaches_what_lies_in_open_folders() -> None:
    """/usr is open on every machine."""
    assert as_user.reachable(Path("/usr/bin"), "nobody")


def test_the_socket_path_is_short_however_deep_the_checkout_is(tmp_path: Path) -> None:
    """A Unix socket's path may have 107 characters."""
    deep = tmp_path.joinpath(*["a-folder-with-a-long-name"] * 10)
    assert len(str(Postgres(deep).socket_folder / ".s.PGSQL.5432")) < 100


def test_two_folders_have_two_sockets(tmp_path: Path) -> None:
    """Servers side by side need no agreement on ports."""
    assert Postgres(tmp_path / "one").socket_folder != Postgres(tmp_path / "two").socket_folder


def test_the_address_names_the_socket_and_keeps_the_password_apart(tmp_path: Path) -> None:
    """Characters of the password cannot break the address."""
    write_private(tmp_path / "postgres-password", "a/b@c")
    assert "postgresql+asyncpg://airflow:a%2Fb%40c@/airflow?host=/" in Postgres(tmp_path).url("asyncpg")
    assert "a/b@c" not in repr(Postgres(tmp_path))


def test_a_lost_password_says_what_to_do(tmp_path: Path) -> None:
    """Nothing else opens the database."""
    with pytest.raises(LocalError, match=r"Remove .* and start anew"):
        Postgres(tmp_path).url("psycopg2")


def test_the_pid_file_of_a_dead_server_is_removed(tmp_path: Path) -> None:
    """Its number may belong to another process by now: here to this test, which works elsewhere."""
    (tmp_path / "postmaster.pid").write_text(f"{os.getpid()}\n{tmp_path}\n")
    end_stray(tmp_path)
    assert not (tmp_path / "postmaster.pid").exists()
