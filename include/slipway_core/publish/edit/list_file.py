"""Entries put into the list of projects in Git and taken out; comments and everything else stay as they are."""

from __future__ import annotations

import json
import re
from pathlib import Path

from slipway_core.keptn.problems import InvalidFile
from slipway_core.keptn.source import Mapping, read_source
from slipway_core.publish.edit.view import ChangeRefused
from slipway_core.publish.remote.listing import DEFAULT_BRANCH, Listed, read_list
from slipway_core.publish.remote.records import GitProject

_PLAIN = re.compile(r"[A-Za-z/.][A-Za-z0-9_./@-]*(:[A-Za-z0-9_./@-]+)*")


def add_entry(path: Path, project: GitProject) -> None:
    """Put a project into the list; made if missing.

    Raises :class:`ChangeRefused` when it is there already, or when the list could not be read with it.
    """
    listed = _read(path)
    if project.name in _names(listed):
        raise ChangeRefused(f"{path.name} names a project '{project.name}' already.")
    entry = _entry(project)
    lines = path.read_text().splitlines() if path.exists() else []
    if not any(line.rstrip() == "projects:" for line in lines):
        lines = [*(line for line in lines if line.split("#")[0].strip() not in ("projects: {}",)), "projects:"]
    at = _end_of_projects(lines)
    _write(path, [*lines[:at], *entry, *lines[at:]], {*_names(listed), project.name}, entry, project.name)


def remove_entry(path: Path, name: str) -> None:
    """Take a project out of the list. Raises :class:`ChangeRefused` when it is not there."""
    listed = _read(path)
    if name not in _names(listed):
        raise ChangeRefused(f"{path.name} names no project '{name}'.")
    lines = path.read_text().splitlines()
    root = read_source("\n".join(lines), path.name).root
    projects = root.get("projects") if isinstance(root, Mapping) else None
    start = projects.line_of(name) if isinstance(projects, Mapping) else 0
    depth = _indent(lines[start - 1])
    end = start
    while end < len(lines) and (not lines[end].strip() or _indent(lines[end]) > depth):
        end += 1
    _write(path, [*lines[: start - 1], *lines[end:]], _names(listed) - {name}, [f"(without '{name}')"])


def _read(path: Path) -> Listed:
    listed = read_list(path)
    if listed.problems:
        raise InvalidFile(listed.problems)
    return listed


def _names(listed: Listed) -> set[str]:
    return {*(one.name for one in listed.projects), *listed.refused}


def _entry(project: GitProject) -> list[str]:
    values = {"remote": project.remote, "connection": project.connection, "folder": project.folder}
    if project.branch != DEFAULT_BRANCH:
        values["branch"] = project.branch
    return [f"  {project.name}:", *(f"    {key}: {_text(value)}" for key, value in values.items() if value)]


def _text(value: str) -> str:
    return value if _PLAIN.fullmatch(value) else json.dumps(value, ensure_ascii=False)


def _end_of_projects(lines: list[str]) -> int:
    """Return the number of the line behind the entries."""
    start = next(number for number, line in enumerate(lines) if line.rstrip() == "projects:") + 1
    end = start
    for number in range(start, len(lines)):
        if lines[number].strip() and not lines[number].startswith((" ", "#")):
            break
        if lines[number].strip():
            end = number + 1
    return end


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip())


def _write(path: Path, lines: list[str], names: set[str], entry: list[str], added: str = "") -> None:
    """Write the list in one step, unless it would then not say what it should.

    :param entry: what a person would have to write
    :param added: the project that is new
    """
    fresh = path.with_name(f".{path.name}.new")
    fresh.write_text("\n".join(lines) + "\n")
    listed = read_list(fresh)
    if added and (wrong := listed.refused.get(added)):
        fresh.unlink()
        raise ChangeRefused(" ".join(f"{one.message} {one.advice}" for one in wrong))
    if listed.problems or _names(listed) != names:
        fresh.unlink()
        raise ChangeRefused(
            f"{path}: it is written in a way that cannot be changed here. Write yourself:\n" + "\n".join(entry)
        )
    fresh.replace(path)
