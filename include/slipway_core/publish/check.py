"""Is this project fit to run? Its files, its services, and whether something handles each of its tasks."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from pathlib import Path, PurePath
from typing import NamedTuple

from slipway_core.keptn import settings_checks, settings_file
from slipway_core.keptn.kinds import is_telling_name
from slipway_core.keptn.lint import FileReport, lint_file
from slipway_core.keptn.plan import ProjectPlan, plan_project
from slipway_core.keptn.problems import ERROR, NOTE, WARNING, Problem, excerpt, has_errors
from slipway_core.keptn.shipyard import ENTITY_NAME, Shipyard, shipyard_of
from slipway_core.keptn.source import Source, read_file
from slipway_core.publish.actions import hopeless_actions
from slipway_core.publish.chart_archives import check_archive
from slipway_core.publish.handled import GROUP
from slipway_core.publish.namespaces import wrong_namespace
from slipway_core.publish.services import services_of
from slipway_core.publish.survey import Found, survey
from slipway_core.publish.task_properties import wrong_properties

SHIPYARD = "shipyard.yaml"
LONGEST_NAME = 200
_CHART_FOLDERS = {"charts", "helm"}


class CheckedProject(NamedTuple):
    """A project and all that was found; ``plan`` is ``None`` when it must not be published."""

    name: str
    plan: ProjectPlan | None
    reports: tuple[FileReport, ...]

    @property
    def problems(self) -> tuple[Problem, ...]:
        """All problems of all its files."""
        return tuple(problem for report in self.reports for problem in report.problems)


def check_project(folder: Path, name: str, shown_as: str, handled: Collection[str]) -> CheckedProject:
    """Check a project's folder.

    :param folder: the folder, or a copy of it
    :param name: name of the project
    :param shown_as: name of the folder in problems
    :param handled: names of the tasks that something handles
    """
    found, loose = survey(folder, shown_as)
    loose += _check_project_name(name, shown_as)
    loose += [problem for one in _chart_archives(found) for problem in check_archive(folder / one, f"{shown_as}/{one}")]
    reports = [_report(FileReport(f"{shown_as}/{one}", None, ()), folder / one) for one in _own_files(found)]
    shipyard, report = _check_shipyard(folder, name, f"{shown_as}/{SHIPYARD}", handled)
    written = settings_file.source_of(folder, shown_as)
    settings = settings_file.settings_of(written)[0]
    plan = None
    if shipyard is not None and settings is not None:
        stages = [stage.name for stage in shipyard.stages]
        services, wrong = services_of(folder, shown_as, stages, settings.services)
        loose += wrong + _unknown_stages(folder, shown_as, stages)
        plan = plan_project(shipyard, name, services, handled, settings)
        settings_checks.check(plan, written)
    if written.lines or written.problems:
        reports.append(FileReport(written.file, "slipway", _without_notes(written.problems)))
    reports = [report, *reports, FileReport(shown_as, "project", tuple(loose))]
    if any(not one.valid for one in reports):
        plan = None
    return CheckedProject(name, plan, tuple(reports))


def _own_files(found: list[Found]) -> Iterator[str]:
    """Yield the files that Keptn (or we) would read, by their place."""
    for relative, _ in found:
        path = PurePath(relative)
        if is_telling_name(path) and not _CHART_FOLDERS & set(path.parts):
            yield relative


def _chart_archives(found: list[Found]) -> Iterator[str]:
    for relative, _ in found:
        path = PurePath(relative)
        if path.suffix == ".tgz" and _CHART_FOLDERS & set(path.parts):
            yield relative


def _report(named: FileReport, path: Path) -> FileReport:
    report = lint_file(path, named.file)
    problems = [*_without_notes(report.problems), *hopeless_actions(report, path)]
    return report._replace(problems=tuple(sorted(problems, key=lambda problem: problem.line or 0)))


def _without_notes(problems: Iterable[Problem]) -> tuple[Problem, ...]:
    return tuple(problem for problem in problems if problem.severity != NOTE)


def is_project_name(name: str) -> bool:
    """Say whether a project may be called that (sequences.md 8.1)."""
    return bool(ENTITY_NAME.fullmatch(name)) and len(name) <= LONGEST_NAME


def _check_project_name(name: str, shown_as: str) -> list[Problem]:
    if is_project_name(name):
        return []
    message = f"'{name}' cannot be the name of a project."
    advice = f"Rename the folder: lower-case letters, digits and hyphens, a letter first, at most {LONGEST_NAME}."
    return [Problem(shown_as, None, message, advice)]


def _check_shipyard(
    folder: Path, project: str, file: str, handled: Collection[str]
) -> tuple[Shipyard | None, FileReport]:
    path = folder / SHIPYARD
    if not path.is_file():
        advice = "Put it back, or remove the project's folder to end it."
        return None, FileReport(file, "shipyard", (Problem(file, None, "there is no such file.", advice),))
    source = read_file(path, file)
    shipyard, problems = shipyard_of(source)
    if shipyard is not None:
        cannot_run = list(_cannot_run(shipyard, project, source, handled))
        lines = {problem.line for problem in cannot_run}
        # Lint's warning about the same line says the same more mildly.
        mild = [one for one in problems if not (one.severity == WARNING and one.line in lines)]
        problems = sorted([*mild, *cannot_run], key=lambda problem: problem.line or 0)
    valid = shipyard if not has_errors(problems) else None
    return valid, FileReport(file, "shipyard", tuple(problems))


def _cannot_run(shipyard: Shipyard, project: str, source: Source, handled: Collection[str]) -> Iterator[Problem]:
    """Yield what is proven not to run: no tasks, unusable names, namespaces and properties, tasks nothing handles."""

    def problem(line: int, message: str, advice: str) -> Problem:
        return Problem(source.file, line, message, advice, excerpt(source.lines, line), ERROR)

    for stage in shipyard.stages:
        if wrong := wrong_namespace(project, stage.name):
            yield problem(stage.line, *wrong)
        for sequence in stage.sequences:
            if not sequence.name or "." in sequence.name:
                yield problem(sequence.line, "a sequence needs a name without dots.", "Rename it.")
            if not sequence.tasks:
                message = f"sequence '{stage.name}.{sequence.name}' has no tasks."
                yield problem(sequence.line, message, "List its tasks under 'tasks:', or remove it.")
            for task in sequence.tasks:
                if not task.name or "." in task.name:
                    yield problem(task.line, "a task needs a name without dots.", "Rename it.")
                elif task.name not in handled:
                    advice = (
                        f"Handled: {', '.join(sorted(handled)) or 'none'}. To add one, install a package with an entry "
                        f"point '{task.name}' in the group '{GROUP}' (as in Slipway's own pyproject.toml)."
                    )
                    yield problem(task.line, f"nothing handles the task '{task.name}'.", advice)
                elif wrong := wrong_properties(task):
                    yield problem(task.line, *wrong)


def _unknown_stages(folder: Path, shown_as: str, stages: list[str]) -> list[Problem]:
    place = folder / "stages"
    names = sorted(path.name for path in place.iterdir() if path.is_dir()) if place.is_dir() else []
    return [
        Problem(
            f"{shown_as}/stages/{name}",
            None,
            f"the shipyard has no stage '{name}', so nothing reads this folder.",
            f"Its stages are: {', '.join(stages)}.",
            severity=WARNING,
        )
        for name in names
        if name not in stages and not name.startswith(".")
    ]
