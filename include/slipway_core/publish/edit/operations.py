"""What can be changed of a project (sequences.md 8.1, 8.4). Each returns what to write; nothing is written here."""

from __future__ import annotations

from collections.abc import Collection
from datetime import UTC, datetime
from pathlib import PurePosixPath

from slipway_core.keptn.problems import InvalidFile, has_errors
from slipway_core.keptn.service_names import wrong_name
from slipway_core.keptn.settings import FILE
from slipway_core.keptn.shipyard import Shipyard, shipyard_of
from slipway_core.keptn.source import read_source
from slipway_core.publish.check import LONGEST_NAME, SHIPYARD, is_project_name
from slipway_core.publish.edit.view import ChangeRefused, Changes, Spot, View
from slipway_core.publish.remote.layout import FOLDERS, OURS
from slipway_core.publish.survey import SKIPPED, too_large
from slipway_core.publish.survey import wrong_name as wrong_path

_ELSEWHERE = "Choose another path."
_MARK = "metadata.yaml"  # Keptn's own sign that a service is there; Git knows no empty folders


def wrong_project_name(name: str) -> str:
    """Return why a project cannot have this name, as a sentence; empty when it can."""
    if is_project_name(name):
        return ""
    return (
        f"'{name}' cannot be the name of a project: lower-case letters, digits and hyphens, a letter first, at most "
        f"{LONGEST_NAME}."
    )


def create_project(view: View, shipyard: bytes) -> Changes:
    """Return the first file of a project. One that exists already is refused."""
    if view.shipyard in view.files:
        raise ChangeRefused(f"There is a {SHIPYARD} already. Take the project over with `./slipway import`.")
    read_shipyard(shipyard)
    return _fitting(view, {view.shipyard: shipyard})


def require_service_names(names: Collection[str]) -> None:
    """Raise :class:`ChangeRefused` when no service can have one of these names, whatever its project (R71)."""
    for name in names:
        if wrong := wrong_name(name):
            raise ChangeRefused(f"Service '{name}' {wrong}. Choose another name.")
        if _skipped(name):
            raise ChangeRefused(f"Service '{name}' would never be read. Choose another name.")


def create_services(view: View, names: Collection[str]) -> Changes:
    """Return the files of new services, which then are in every stage (R71)."""
    _services_are_folders(view)
    changes: dict[Spot, bytes | None] = {}
    require_service_names(names)
    for name in names:
        if name in view.services:
            raise ChangeRefused(f"There is a service '{name}' already.")
        now = datetime.now(UTC).isoformat(timespec="seconds")
        text = f"servicename: {name}\ncreationtimestamp: '{now}'\n".encode()
        # In our layout, one folder holds for all stages.
        stages = ("",) if view.layout == OURS else view.stages
        changes |= {view.spot(stage, f"{name}/{_MARK}"): text for stage in stages}
    return _fitting(view, changes)


def delete_service(view: View, name: str) -> Changes:
    """Return the removal of a service from every stage."""
    _services_are_folders(view)
    _known("service", name, view.services)
    folders = [view.spot(stage, name) for stage in view.levels()]
    return {
        one: None
        for one in view.files
        if any(one.branch == folder.branch and one.path.startswith(f"{folder.path}/") for folder in folders)
    }


def add_resource(
    view: View, uri: str, content: bytes, *, stage: str = "", all_stages: bool = False, service: str = ""
) -> Changes:
    """Return where a file goes: to the project, to stages, or to a service of stages (R73). What is there is replaced.

    :param uri: its path below that, as :func:`resource_uri` makes it
    """
    if stage and all_stages:
        raise ChangeRefused("Say --stage or --all-stages, not both.")
    if service and not (stage or all_stages):
        raise ChangeRefused("--service needs --stage or --all-stages.")
    if wrong := too_large(len(content)):
        raise ChangeRefused(" ".join((f"{uri}:", *wrong)))
    if stage:
        _known("stage", stage, view.stages)
    if service:
        _known("service", service, view.services)
    path = f"{service}/{uri}" if service else uri
    if path == SHIPYARD and not stage and not all_stages:
        _check_new_shipyard(view, content)
    stages = view.stages if all_stages else (stage,)
    return _fitting(view, {view.spot(one, path): content for one in stages})


def resource_uri(typed: str) -> str:
    """Return the path that a file gets from what was typed: as it is, without a leading `./` or `/`."""
    uri = str(PurePosixPath(typed.replace("\\", "/").lstrip("/")))
    if uri == "." or wrong_path(uri) or _skipped(uri):
        raise ChangeRefused(
            f"'{typed}' cannot be the path of a resource: no '..', no '~', no '.git'. Say it with --resource-uri."
        )
    return uri


def read_shipyard(content: bytes) -> Shipyard:
    """Return a shipyard; raises :class:`InvalidFile` when it is not valid."""
    shipyard, problems = shipyard_of(read_source(content, SHIPYARD))
    if shipyard is None or has_errors(problems):
        raise InvalidFile(problems)
    return shipyard


def _check_new_shipyard(view: View, content: bytes) -> None:
    """Refuse a shipyard with other stages than before (R72): files of stages would be lost, or missing."""
    stages = tuple(stage.name for stage in read_shipyard(content).stages)
    if view.stages and set(stages) != set(view.stages):
        raise ChangeRefused(
            f"The stages would change from {', '.join(view.stages)} to {', '.join(stages)}. An update keeps them; "
            "to add, rename or remove a stage, edit the shipyard and the stage's files in Git, or in the folder, "
            "yourself."
        )


def _fitting(view: View, changes: Changes) -> Changes:
    """Return new files as they are, unless one takes the place of others, is never read, or moves the stages."""
    for spot in changes:
        path = PurePosixPath(spot.path)
        if name := _skipped(spot.path):
            raise ChangeRefused(f"{path}: nothing called '{name}' is ever read. Choose another name.")
        if spot.branch == view.branch and path.parts[0] in {OURS, FOLDERS} - {view.layout}:
            raise ChangeRefused(
                f"{path}: '{path.parts[0]}' would be taken for the folder of the stages, whose files this project "
                f"keeps elsewhere. Say --stage for a file of a stage. {_ELSEWHERE}"
            )
        above = [str(one) for one in path.parents if Spot(spot.branch, str(one)) in view.files]
        if above:
            raise ChangeRefused(f"{path}: '{above[0]}' is a file or a link, so nothing lies below it. {_ELSEWHERE}")
        if any(one.branch == spot.branch and one.path.startswith(f"{path}/") for one in view.files):
            raise ChangeRefused(f"{path}: there is a folder of this name. {_ELSEWHERE}")
    return changes


def _skipped(path: str) -> str:
    """Return the part of a path because of which it is never read, or nothing."""
    return next((part for part in path.split("/") if part.lower() in SKIPPED), "")


def _services_are_folders(view: View) -> None:
    if view.named:
        raise ChangeRefused(f"{FILE} names the services of this project. Change its list 'services:'.")


def _known(what: str, name: str, names: tuple[str, ...]) -> None:
    if name not in names:
        raise ChangeRefused(f"There is no {what} '{name}'. There are: {', '.join(names) or 'none'}.")
