"""The sample project in the Git server of the local Airflow: what a demo has instead of a team's repository."""

from __future__ import annotations

from collections.abc import Callable

from slipway_cluster.places import CHECKOUT
from slipway_core.publish.edit.places import FolderPlace, GitPlace
from slipway_core.publish.edit.view import Changes, Spot, View
from slipway_core.publish.git_command import run_git
from slipway_core.publish.remote.mirror import Mirror
from slipway_core.publish.remote.records import GitProject

from slipway_local.airflow import LocalAirflow
from slipway_local.git_server import make_repository
from slipway_local.settings import SAMPLE

FOLDER = CHECKOUT / "include" / "samples" / SAMPLE
BRANCH = "main"
_MESSAGE = f"{SAMPLE}, as include/samples has it"  # by which we know our own commits again


def fill(airflow: LocalAirflow, progress: Callable[[str], None]) -> None:
    """Bring the sample's repository to what this checkout has, unless somebody has committed there meanwhile.

    It is written where it lies: this may be before its server runs.

    :raises LocalError: when the repository cannot be made.
    :raises RemoteFailed: when it cannot be written.
    """
    repository = make_repository(airflow.repositories, SAMPLE)
    last = run_git(repository, "log", "-1", "--format=%s", BRANCH, "--").out.decode().strip()
    if last not in ("", _MESSAGE):
        progress(f"The sample's repository has commits of yours: it stays as it is ({airflow.sample_address})")
        return
    mirror = Mirror(airflow.folder / "sample-mirror.git", str(repository))
    GitPlace(GitProject(SAMPLE, str(repository), BRANCH, "", "", 1), mirror).change(_as_in_checkout, _MESSAGE)


def _as_in_checkout(view: View) -> Changes:
    """Return what differs from the checkout: files to write, and files to remove."""
    ours = FolderPlace(FOLDER).view()
    wanted = {Spot(BRANCH, spot.path): ours.read(spot) for spot in ours.files}
    written = {
        spot: content for spot, content in wanted.items() if spot not in view.files or view.read(spot) != content
    }
    return {**written, **dict.fromkeys(view.files - wanted.keys())}
