"""The list of projects in Git: a file beside the projects' folders.

::

    projects:
      sockshop:
        remote: https://github.com/acme/sockshop-keptn.git
        branch: main              # default
        connection: git_acme      # an Airflow connection of type git
        folder: delivery          # default: the whole repository
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from slipway_core.keptn.fields import Fields
from slipway_core.keptn.problems import ERROR, Problem, has_errors
from slipway_core.keptn.source import Source, read_file
from slipway_core.publish.check import is_project_name
from slipway_core.publish.remote.address import wrong_branch, wrong_remote
from slipway_core.publish.remote.records import GitProject

LIST = "git.yaml"
DEFAULT_BRANCH = "main"
_USER_INFO = re.compile(r"(?<=://)[^/\s]*@")
_KEYS = ("remote", "branch", "connection", "folder")


class Listed(NamedTuple):
    """What the list says.

    :param refused: name → what is wrong with its entry
    :param problems: of the list as a whole, which then names nothing
    """

    projects: tuple[GitProject, ...] = ()
    refused: dict[str, tuple[Problem, ...]] = {}
    problems: tuple[Problem, ...] = ()


def read_list(path: Path) -> Listed:
    """Read the list; a missing file is an empty list.

    :param path: the file; its name alone is shown in problems
    """
    if not path.exists():
        return Listed()
    source = read_file(path, path.name)
    if source.root is None or source.root.is_null:
        return Listed(problems=_without_secrets(source.problems))
    top = Fields(source, source.root, "the list of projects in Git")
    top.note_unknown(("projects",))
    entries = top.mapping("projects")
    if has_errors(source.problems):
        return Listed(problems=_without_secrets(source.problems))
    projects, refused = [], {}
    for name, (line, node) in (entries.entries if entries else {}).items():
        source.problems.clear()
        project = _entry(Fields(source, node, f"project '{name}'"), name, line, source)
        if has_errors(source.problems):
            refused[name] = _without_secrets(source.problems)
        else:
            projects.append(project)
    return Listed(tuple(projects), refused)


def _entry(fields: Fields, name: str, line: int, source: Source) -> GitProject:
    fields.note_unknown(_KEYS)
    at = fields.node.line_of
    remote, connection = fields.text("remote"), fields.text("connection")
    branch, folder = fields.text("branch") or DEFAULT_BRANCH, fields.text("folder").strip("/")
    if not is_project_name(name):
        source.report(line, f"'{name}' cannot be the name of a project.", "Use lower-case letters, digits and hyphens.")
    if not remote and not connection:
        source.report(line, f"project '{name}' names no remote.", "Write 'remote: ADDRESS', or a 'connection'.")
    elif remote and (wrong := wrong_remote(remote)):
        advice = "Write an address like https://host/path, ssh://git@host/path or a path; credentials in a connection."
        source.report(at("remote"), f"the remote of '{name}' {wrong}.", advice)
    if wrong := wrong_branch(branch):
        source.report(at("branch"), f"'{branch}' {wrong}.", "Name an existing branch.")
    if any(part in ("", ".", "..") for part in folder.split("/")) and folder:
        source.report(at("folder"), f"folder '{folder}' leads astray.", "Name a folder inside the repository.")
    return GitProject(name, remote, branch, connection, folder, line)


def _without_secrets(problems: Iterable[Problem]) -> tuple[Problem, ...]:
    """Return the errors; a password in an address does not get into what is published and shown."""
    return tuple(
        one._replace(message=_USER_INFO.sub("***@", one.message), excerpt=_USER_INFO.sub("***@", one.excerpt))
        for one in problems
        if one.severity == ERROR
    )
