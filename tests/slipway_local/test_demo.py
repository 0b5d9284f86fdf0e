from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from rich.console import Console
from slipway_local import demo_tour
from slipway_local.demo import Step, chosen_steps
from slipway_local.errors import LocalError

STEPS = [Step(number, f"step {number}", lambda _: None) for number in (1, 2, 3)]


@pytest.mark.parametrize(("text", "expected"), [("", [1, 2, 3]), ("2", [2]), ("1-2", [1, 2]), ("2-9", [2, 3])])
def test_steps_are_chosen_by_number(text: str, expected: list[int]) -> None:
    """One number, a range, or all."""
    assert expected == [step.number for step in chosen_steps(text, STEPS)]


@pytest.mark.parametrize("text", ["x", "1-x", "9", "-2"])
def test_steps_that_are_none_are_refused(text: str) -> None:
    """A wrong choice is said at once, before anything starts."""
    with pytest.raises(LocalError):
        chosen_steps(text, STEPS)


def test_the_demo_delivers_only_when_its_stages_have_access(monkeypatch: pytest.MonkeyPatch) -> None:
    """The first delivery would fail while the publisher is still making the connections."""
    waited: list[Any] = []

    def deliver(*_: object, **__: object) -> None:
        raise LocalError("far enough")

    monkeypatch.setattr(demo_tour, "wait_for_connections", lambda _, names, **__: waited.extend(names))
    monkeypatch.setattr(demo_tour, "deliver", deliver)
    api: Any = SimpleNamespace(wait_for_dag=waited.append)
    with pytest.raises(LocalError, match="far enough"):
        demo_tour.deliver_to_qa(demo_tour.Demo(None, api, Console()))  # type: ignore[arg-type]
    stages = ["kubernetes_fulltour_qa", "kubernetes_fulltour_production"]
    assert waited == ["fulltour.qa.delivery", *stages, "prometheus_default"]
