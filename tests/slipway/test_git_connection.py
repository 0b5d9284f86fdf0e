"""Git connections, printed for the publisher."""

import json
import subprocess
import sys

import pytest
from slipway_core.publish.remote import connections
from slipway_core.publish.remote.records import Credentials


@pytest.fixture
def connection(monkeypatch):
    """Set a connection as Airflow reads it from its environment."""

    def go(name, **fields):
        monkeypatch.setenv(f"AIRFLOW_CONN_{name.upper()}", json.dumps({"conn_type": "git", **fields}))

    return go


def test_credentials_come_out_of_airflow(connection, tmp_path):
    """Token, key and host keys; a login inside the address is taken out; what is wrong is said."""
    (tmp_path / "hosts").write_text("h ssh-ed25519 AAAA\n")
    connection("token", host="https://git.example/x.git", login="me", password="t0ken-1")
    connection("inside", host="https://me:t0ken-2@git.example/x.git")
    connection(
        "key", host="ssh://git@h/x", extra={"private_key": "KEY-TEXT", "known_hosts_file": str(tmp_path / "hosts")}
    )
    connection("gone", host="ssh://git@h/x", extra={"key_file": str(tmp_path / "gone")})
    connection("other", conn_type="http", host="h")
    expected = {
        "token": Credentials("https://git.example/x.git", "me", "t0ken-1"),
        "inside": Credentials("https://git.example/x.git", "me", "t0ken-2"),
        "key": Credentials("ssh://git@h/x", private_key="KEY-TEXT", known_hosts="h ssh-ed25519 AAAA\n"),
        "gone": f"{tmp_path}/gone cannot be read: No such file or directory",
        "other": "it has the type 'http', not 'git'",
        "missing": "Airflow has no such connection",
    }
    assert expected == connections.ask_airflow(expected)


def test_credentials_are_never_shown():
    """Neither in a log nor in an error."""
    assert "Credentials(remote='r')" == repr(Credentials("r", "u", "p", "k", "h"))


def test_an_airflow_that_fails_is_said_so(monkeypatch):
    """Without a word of what it printed."""
    monkeypatch.setattr(connections, "_asker", lambda: "slipway.there_is_no_such_module")
    assert {"a": "Airflow could not be asked for it"} == connections.ask_airflow(["a"])


def test_the_core_asks_without_importing_airflow():
    """It is a process of its own."""
    code = "import sys; from slipway_core.publish.remote import keeper; print('airflow' in sys.modules)"
    assert "False\n" == subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout
