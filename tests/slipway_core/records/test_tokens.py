"""Tokens of senders that cannot log in."""

from __future__ import annotations

import pytest
from slipway_core.records import NameTaken, NoSuchRecord
from slipway_core.records.token_text import is_token
from sqlalchemy import text


def test_a_token_is_known_by_its_text_alone(records):
    """With what it is for; another text, or half of it, is nobody's."""
    secret = records.tokens.create("hook", "shop", "alerts")
    assert is_token(secret)
    known = records.tokens.known(secret)
    assert ("hook", "shop", "alerts", None) == (known.name, known.project, known.can, known.revoked)
    for other in (secret[:-1], secret + "x", secret.rpartition("_")[0], "slipway_", "slipway_0_0", "Ä", ""):
        assert None is records.tokens.known(other)


def test_the_secret_is_nowhere_in_the_database(records):
    """Only its hash."""
    secret = records.tokens.create("hook", "shop", "alerts")
    with records._database.reading() as connection:
        [row] = connection.execute(text("SELECT * FROM slipway_tokens"))
    assert not any(secret.split("_", 2)[2] in str(value) for value in row)


def test_a_revoked_token_is_known_as_such(records):
    """Revoking it again changes nothing; nobody revokes what is not there."""
    secret = records.tokens.create("hook", "shop", "events")
    when = records.tokens.revoke("hook").revoked
    assert when
    assert when == records.tokens.revoke("hook").revoked == records.tokens.known(secret).revoked
    with pytest.raises(NoSuchRecord, match="no token 'hok'"):
        records.tokens.revoke("hok")


def test_a_name_is_given_once_only(records):
    """Else nobody could say whose run it was."""
    records.tokens.create("hook", "shop", "alerts")
    records.tokens.revoke("hook")
    with pytest.raises(NameTaken, match="'hook'"):
        records.tokens.create("hook", "other", "events")


def test_its_last_use_is_remembered(records):
    """To about a minute: not each use is a write."""
    secret = records.tokens.create("hook", "shop", "alerts")
    assert [None] == [one.used for one in records.tokens.all()]
    records.tokens.known(secret)
    [first] = records.tokens.all()
    records.tokens.known(secret)
    assert first.used
    assert [first] == records.tokens.all()
