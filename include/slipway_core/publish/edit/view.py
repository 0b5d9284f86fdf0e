"""A project as those see it who change it: its stages, services and files, wherever it lives."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterable, Mapping, Set
from pathlib import Path
from typing import NamedTuple

from slipway_core.keptn.problems import SlipwayError
from slipway_core.keptn.settings import FILE
from slipway_core.keptn.settings_file import settings_of
from slipway_core.keptn.source import read_source
from slipway_core.publish.check import SHIPYARD
from slipway_core.publish.remote.layout import OURS, in_git
from slipway_core.publish.services import services_of


class ChangeRefused(SlipwayError):
    """A project cannot be changed that way; the text says what to do instead."""


class Spot(NamedTuple):
    """Where a file is: its branch (empty in a folder) and its path."""

    branch: str
    path: str


# What to write where; None removes a file.
Changes = Mapping[Spot, bytes | None]


class View(NamedTuple):
    """A project as it is now.

    :param branch: where the shipyard is; empty for a folder
    :param layout: one of the words of :mod:`slipway_core.publish.remote.layout`
    :param stages: of its shipyard; none when that is missing or not valid
    :param named: the services that its slipway.yaml names
    :param files: all of its files
    :param read: returns the content of one
    """

    branch: str
    layout: str
    stages: tuple[str, ...]
    services: tuple[str, ...]
    named: tuple[str, ...]
    files: Set[Spot]
    read: Callable[[Spot], bytes]

    def spot(self, stage: str, path: str) -> Spot:
        """Return where a file of a stage is, or of the project when ``stage`` is empty."""
        return Spot(*in_git(self.layout, self.branch, stage, path))

    @property
    def shipyard(self) -> Spot:
        """Where the shipyard is, or would be."""
        return self.spot("", SHIPYARD)

    def levels(self) -> tuple[str, ...]:
        """Return the stages in which a service has a folder of its own; ``""`` for one that holds for all."""
        return ("", *self.stages) if self.layout == OURS else self.stages


def services_among(targets: Iterable[str], stages: tuple[str, ...], named: tuple[str, ...]) -> tuple[str, ...]:
    """Return the services of a project from the paths of its files alone.

    :param targets: paths, as in a project's folder
    :param named: the services that its slipway.yaml names
    """
    with tempfile.TemporaryDirectory(prefix="slipway-services-") as scratch:
        for one in {Path(target).parent for target in targets}:
            (Path(scratch) / one).mkdir(parents=True, exist_ok=True)
        return tuple(services_of(Path(scratch), "", stages, named)[0])


def named_services(settings: bytes | None) -> tuple[str, ...]:
    """Return the services that a slipway.yaml names; none when there is no such file, or it is not valid."""
    found, _ = settings_of(read_source(settings, FILE)) if settings is not None else (None, [])
    return tuple(found.services) if found else ()
