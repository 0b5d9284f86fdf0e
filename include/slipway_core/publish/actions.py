"""Actions of a remediation.yaml that will fail whenever they are taken: better known before the first problem."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from pathlib import Path

from slipway_core.keptn.lint import FileReport
from slipway_core.keptn.problems import WARNING, InvalidEvent, Problem, excerpt
from slipway_core.keptn.remediation import Action, Remediation, read_remediation
from slipway_core.keptn.scaling import read_change
from slipway_core.keptn.source import LARGEST_FILE
from slipway_core.publish.handled import ACTIONS, handled_actions

SCALES = ("scale", "scaling")


def hopeless_actions(report: FileReport, path: Path) -> Iterator[Problem]:
    """Yield a warning for each action of a good remediation.yaml that nothing handles, or that has no usable value.

    :param report: what lint says of the file
    """
    if report.kind != "remediation" or not report.valid:
        return
    with path.open("rb") as stream:
        data = stream.read(LARGEST_FILE + 1)
    remediation, _ = read_remediation(data, report.file)
    if remediation is not None:
        yield from _hopeless(remediation, data.decode("utf-8", "replace").splitlines())


def _hopeless(remediation: Remediation, lines: list[str]) -> Iterator[Problem]:
    handled = handled_actions()
    for entry in remediation.entries:
        for one in entry.actions or ():
            if wrong := _wrong(one, handled):
                yield Problem(remediation.file, one.line, *wrong, excerpt(lines, one.line), WARNING)


def _wrong(one: Action, handled: Collection[str]) -> tuple[str, str] | None:
    """Return why an action will fail whenever it is taken and what to do, or ``None``."""
    if one.action and one.action not in handled:
        return (
            f"nothing handles the action '{one.action}': a remediation that comes to it fails.",
            f"Handled: {', '.join(sorted(handled)) or 'none'}. To add one, install a package with an entry point "
            f"'{one.action}' in the group '{ACTIONS}'.",
        )
    if one.action in SCALES:
        try:
            read_change(one.value)
        except InvalidEvent as error:
            return f"the action '{one.action}' cannot scale by that.", f"{error}."
    return None
