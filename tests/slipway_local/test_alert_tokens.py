"""Tokens for the local Alertmanager."""

from __future__ import annotations

from pathlib import Path

from slipway_core.records import open_records
from slipway_local.airflow import LocalAirflow
from slipway_local.alert_tokens import alert_tokens, recorded_alert_tokens


def test_each_project_has_one_token_that_is_made_once(described: LocalAirflow) -> None:
    """Also over a restart; the file is for its owner only."""
    made: list[tuple[str, str]] = []

    def create(name: str, project: str) -> str:
        made.append((name, project))
        return f"token {len(made)}"

    tokens = alert_tokens(described, create)
    assert ("token 1", "token 2", "token 1") == (tokens("shop"), tokens("blog"), tokens("shop"))
    assert "token 1" == alert_tokens(described, create)("shop")
    assert ["shop", "blog"] == [project for _, project in made]
    assert 0o600 == (described.folder / "alert-tokens.json").stat().st_mode & 0o777


def test_a_lost_file_needs_no_name_that_is_taken(described: LocalAirflow) -> None:
    """Names of tokens are used once."""
    names: list[str] = []
    tokens = alert_tokens(described, lambda name, _: names.append(name) or "token")
    tokens("shop")
    (described.folder / "alert-tokens.json").unlink()
    tokens("shop")
    assert 2 == len(set(names))


def test_a_project_s_token_is_known_to_the_records(described: LocalAirflow, tmp_path: Path) -> None:
    """Made in the records of the Airflow that takes its alerts, and good for alerts of that project only."""
    url = f"sqlite:///{tmp_path / 'records.db'}"
    (described.folder / "records-url").parent.mkdir(parents=True, exist_ok=True)
    (described.folder / "records-url").write_text(url)
    told = recorded_alert_tokens(described)("shop")
    token = open_records(url).tokens.known(told)
    assert token is not None
    assert (token.project, token.can) == ("shop", "alerts")


def test_a_revoked_token_is_made_anew_when_somebody_asks_for_it(described: LocalAirflow, tmp_path: Path) -> None:
    """Publishing does not undo what somebody has revoked."""
    url = f"sqlite:///{tmp_path / 'records.db'}"
    (described.folder / "records-url").parent.mkdir(parents=True, exist_ok=True)
    (described.folder / "records-url").write_text(url)
    first = recorded_alert_tokens(described)("shop")
    other = recorded_alert_tokens(described)("blog")
    assert first == recorded_alert_tokens(described, renew=True)("shop")
    [shop] = [one for one in open_records(url).tokens.all() if one.project == "shop"]
    open_records(url).tokens.revoke(shop.name)
    assert first == recorded_alert_tokens(described)("shop")
    second = recorded_alert_tokens(described, renew=True)("shop")
    known = open_records(url).tokens.known(second)
    assert known is not None
    assert (None, "shop") == (known.revoked, known.project)
    assert (second, other) == tuple(map(recorded_alert_tokens(described), ("shop", "blog")))
