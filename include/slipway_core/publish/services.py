"""Which services a project has (decisions.md, last row; names: sequences.md 8.1, R71)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from slipway_core.keptn.kinds import PROVIDERS
from slipway_core.keptn.problems import Problem
from slipway_core.keptn.service_names import wrong_name, wrong_release
from slipway_core.keptn.settings import FILE

NOT_SERVICES = {"stages", "charts", *PROVIDERS, "job", "webhook", "jmeter", "locust"}


def services_of(
    folder: Path, shown_as: str, stages: Iterable[str], named: Sequence[str] = ()
) -> tuple[list[str], list[Problem]]:
    """Return a project's services: those named in slipway.yaml, else its folders.

    :param folder: the project's folder
    :param shown_as: name of the folder in problems
    :param stages: names of its stages
    :param named: the services that its slipway.yaml names
    """
    if named:
        return list(named), []
    names = sorted({path.name for place in _places(folder, stages) for path in _service_folders(place)})
    problems = [
        Problem(
            f"{shown_as}/{name}",
            None,
            f"folder '{name}' stands for a service, but this name {wrong}.",
            f"Rename it, or name the services in {FILE}: 'services: [carts]'.",
        )
        for at, name in enumerate(names)
        if (wrong := wrong_name(name) or wrong_release(name, names[:at]))
    ]
    if not names:
        message = "it has no service."
        advice = f"Make a folder for each, with its files (such as {shown_as}/carts/charts/carts.tgz)."
        problems.append(Problem(shown_as, None, message, advice))
    return names, problems


def _places(folder: Path, stages: Iterable[str]) -> list[Path]:
    return [folder, *(folder / "stages" / stage for stage in stages)]


def _service_folders(place: Path) -> list[Path]:
    if not place.is_dir():
        return []
    return [
        path
        for path in place.iterdir()
        if path.is_dir() and not path.name.startswith(".") and path.name not in NOT_SERVICES
    ]
