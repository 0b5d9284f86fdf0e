from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from click.testing import CliRunner
from slipway_cluster import embedded, target
from slipway_local import commands, sample_project


@pytest.fixture
def done(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Put stand-ins in the place of everything that starts or stops something; return what was called."""
    calls: list[str] = []
    monkeypatch.setattr(embedded, "up", lambda *_: calls.append("embedded.up"))
    monkeypatch.setattr(embedded, "down", lambda: calls.append("embedded.down"))
    monkeypatch.setattr(commands, "cluster_up", lambda _: calls.append("cluster_up"))
    monkeypatch.setattr(commands, "kept_airflow", lambda: AIRFLOW)
    monkeypatch.setattr(sample_project, "fill", lambda *_: calls.append("sample"))
    return calls


AIRFLOW: Any = SimpleNamespace(running=lambda: True, up=lambda _: None, down=lambda: None)


def test_with_a_cluster_of_ones_own_only_its_tools_are_made(done: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """The publisher needs kubectl to give the stages access; images and monitoring are for the embedded one."""
    own = target.Target(Path("config"), "ours", embedded=False)
    monkeypatch.setattr(target, "chosen_target", lambda: own)
    said: list[str] = []
    commands.everything_up(AIRFLOW, said.append)
    assert done == ["embedded.up", "sample"]
    assert said == ["Cluster: ours (your own, config)"]


@pytest.mark.parametrize(("options", "expected"), [(["--cluster"], True), ([], False)])
def test_down_names_the_cluster_that_it_stops(done: list[str], options: list[str], expected: bool) -> None:
    """And no cluster when it stops none."""
    output = CliRunner().invoke(commands.down, options).output
    assert expected == output.startswith("Cluster: slipway-embedded (embedded, ")
    assert expected == ("embedded.down" in done)
