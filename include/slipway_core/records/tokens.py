"""Tokens of senders that cannot log in: made, known again by their hash, revoked."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Row, insert, select, update
from sqlalchemy.exc import IntegrityError

from slipway_core.records.database import Database
from slipway_core.records.errors import NameTaken, NoSuchRecord
from slipway_core.records.schema import tokens as table
from slipway_core.records.token_text import PREFIX
from slipway_core.records.way_in_entries import Right, Token

_REMEMBERED = timedelta(minutes=1)  # a webhook must not cost a write each time


class Tokens:
    """The tokens of one database. Every method raises :class:`RecordsUnavailable` when it cannot be used."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def create(self, name: str, project: str, can: Right) -> str:
        """Make a token and return its text, which nobody can read again later.

        :raises NameTaken: also by a revoked one.
        """
        id_, secret = secrets.token_hex(8), secrets.token_urlsafe(32)
        columns = {
            "id": id_,
            "name": name,
            "project": project,
            "can": can,
            "hash": _hash(secret),
            "created": datetime.now(UTC),
        }
        try:
            with self._database.writing() as connection:
                connection.execute(insert(table).values(columns))
        except IntegrityError:
            raise NameTaken(
                f"There is a token '{name}' already. Choose another name; `slipway token list` shows them."
            ) from None
        return f"{PREFIX}{id_}_{secret}"

    def known(self, told: str) -> Token | None:
        """Return the token of a text, revoked or not, and remember that it was used; ``None`` when nobody made it."""
        id_, _, secret = told.removeprefix(PREFIX).partition("_")
        with self._database.reading() as connection:
            row = connection.execute(select(table).where(table.c.id == id_)).first()
        # Compared also when there is none, so that the time of the answer tells nothing.
        same = hmac.compare_digest(row.hash if row else _hash(""), _hash(secret))
        if row is None or not same:
            return None
        now = datetime.now(UTC)
        if row.revoked is None and (row.used is None or now - row.used > _REMEMBERED):
            with self._database.writing() as connection:
                connection.execute(update(table).where(table.c.id == id_).values(used=now))
        return _token(row)

    def all(self) -> list[Token]:
        """Return every token, by project and name."""
        with self._database.reading() as connection:
            return [_token(row) for row in connection.execute(select(table).order_by(table.c.project, table.c.name))]

    def revoke(self, name: str) -> Token:
        """Make a token worthless; a second time changes nothing. Raises :class:`NoSuchRecord`."""
        with self._database.writing() as connection:
            gone = update(table).where(table.c.name == name, table.c.revoked.is_(None))
            connection.execute(gone.values(revoked=datetime.now(UTC)))
            row = connection.execute(select(table).where(table.c.name == name)).first()
        if row is None:
            raise NoSuchRecord(f"There is no token '{name}'. `slipway token list` shows them.")
        return _token(row)


def _hash(secret: str) -> str:
    # Not a slow one as for passwords: the secret has 256 bits of chance, nobody finds it by trying.
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()


def _token(row: Row[Any]) -> Token:
    return Token(
        name=row.name, project=row.project, can=row.can, created=row.created, revoked=row.revoked, used=row.used
    )
