"""`slipway token`."""

from __future__ import annotations

import pytest
from click.testing import CliRunner
from slipway_core.cli.token import token
from slipway_core.records import NameTaken, NoSuchRecord, open_records


@pytest.fixture(autouse=True)
def _records(monkeypatch, tmp_path):
    """Records of one test."""
    monkeypatch.setenv("SLIPWAY_RECORDS_URL", f"sqlite:///{tmp_path}/records.db")


def run(*arguments):
    """Run the command."""
    return CliRunner().invoke(token, arguments)


def test_a_token_is_printed_alone_and_works():
    """So that it can go into a file; words about it go to the other stream."""
    done = run("create", "--project", "shop", "--can", "alerts", "--name", "am")
    known = open_records().tokens.known(done.stdout.strip())
    assert ("am", "shop", "alerts") == (known.name, known.project, known.can)
    assert "shown this once" in done.stderr


def test_a_token_needs_no_name():
    """Then it gets one of its own."""
    assert [0, 0] == [run("create", "--project", "shop", "--can", "events").exit_code for _ in range(2)]
    first, second = open_records().tokens.all()
    assert first.name != second.name


def test_the_list_shows_all_but_the_secret():
    """And what was revoked."""
    secret = run("create", "--project", "shop", "--can", "alerts", "--name", "am").stdout.strip()
    assert "worth nothing" in run("revoke", "am").stdout
    shown = run("list").stdout
    assert all(word in shown for word in ("am", "shop", "alerts"))
    assert secret not in shown
    assert open_records().tokens.known(secret).revoked


def test_what_cannot_be_is_said():
    """A name that is taken, one that nobody has, another right, no letters."""
    assert "no token" in run("list").stdout
    run("create", "--project", "shop", "--can", "alerts", "--name", "am")
    assert isinstance(run("create", "--project", "shop", "--can", "alerts", "--name", "am").exception, NameTaken)
    assert isinstance(run("revoke", "other").exception, NoSuchRecord)
    assert 2 == run("create", "--project", "shop", "--can", "everything").exit_code
    assert 2 == run("create", "--project", "shop", "--can", "alerts", "--name", " \n").exit_code
