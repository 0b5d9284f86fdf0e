"""Which services a project has (decisions.md, last row; names: sequences.md 8.1, R71)."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from slipway_core.keptn.fields import Fields
from slipway_core.keptn.kinds import PROVIDERS
from slipway_core.keptn.names import release_name
from slipway_core.keptn.problems import Problem, has_errors
from slipway_core.keptn.source import Scalar, read_file

SETTINGS = "slipway.yaml"
NOT_SERVICES = {"stages", "charts", *PROVIDERS, "job", "webhook", "jmeter", "locust"}
_LONGEST = 43
_FORBIDDEN = set("/><|:&")


def wrong_name(service: str) -> str | None:
    """Return what is wrong with a service's name, or ``None`` (R71)."""
    if not service or service in (".", ".."):
        return "is no name"
    if len(service) > _LONGEST:
        return f"is longer than {_LONGEST} characters"
    if any(char in _FORBIDDEN or char.isspace() or not char.isprintable() for char in service):
        return "holds a blank or one of / > < | : &"
    return None


def wrong_release(service: str, others: Iterable[str]) -> str | None:
    """Return what is wrong with the Helm release of a service beside those of others, or ``None``."""
    release = release_name(service)
    if not release:
        return "makes no name of a Helm release: it has neither an ASCII letter nor a digit"
    same = next((other for other in others if other != service and release_name(other) == release), None)
    return f"has the same Helm release '{release}' as '{same}'" if same else None


def services_of(folder: Path, shown_as: str, stages: Iterable[str]) -> tuple[list[str], list[Problem]]:
    """Return a project's services: those named in slipway.yaml, else its folders.

    :param folder: the project's folder
    :param shown_as: name of the folder in problems
    :param stages: names of its stages
    """
    settings = folder / SETTINGS
    if settings.is_file():
        named, problems = _named(settings, f"{shown_as}/{SETTINGS}")
        if named or has_errors(problems):
            return named, problems
    names = sorted({path.name for place in _places(folder, stages) for path in _service_folders(place)})
    problems = [
        Problem(
            f"{shown_as}/{name}",
            None,
            f"folder '{name}' stands for a service, but this name {wrong}.",
            f"Rename it, or name the services in {SETTINGS}: 'services: [carts]'.",
        )
        for at, name in enumerate(names)
        if (wrong := wrong_name(name) or wrong_release(name, names[:at]))
    ]
    if not names:
        message = "it has no service."
        advice = f"Make a folder for each, with its files (such as {shown_as}/carts/charts/carts.tgz)."
        problems.append(Problem(shown_as, None, message, advice))
    return names, problems


def _named(settings: Path, file: str) -> tuple[list[str], list[Problem]]:
    source = read_file(settings, file)
    if source.root is None or source.problems:
        return [], source.problems
    names: list[str] = []
    for node in Fields(source, source.root, file).items("services"):
        name = node.text if isinstance(node, Scalar) else ""
        if wrong := wrong_name(name):
            source.report(node.line, f"service '{name}' {wrong}.", "Write a list of names: 'services: [carts, api]'.")
        elif name in names:
            source.report(node.line, f"service '{name}' is listed twice.", "Keep one of the two.")
        elif wrong := wrong_release(name, names):
            source.report(node.line, f"service '{name}' {wrong}.", "Rename one of them.")
        else:
            names.append(name)
    return names, source.problems


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
