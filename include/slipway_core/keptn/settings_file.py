"""slipway.yaml → settings; and its JSON Schema for editors, from the same tables of keys.

A new section is a record in :mod:`slipway_core.keptn.settings` and a table here. For what a project says for all its
stages, ``ProjectSettings.stage`` hands it on.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from slipway_core.keptn import settings_values as values
from slipway_core.keptn.fields import Fields
from slipway_core.keptn.lanes import POLICIES
from slipway_core.keptn.problems import InvalidFile, Problem, has_errors
from slipway_core.keptn.settings import FILE, ProjectSettings, Schedule
from slipway_core.keptn.settings_values import Key, Section
from slipway_core.keptn.source import Source, read_file

SOURCES = ("prometheus",)

SOURCE = Section(
    "a source",
    {
        "type": Key("type", values.choice("source", SOURCES), "What kind of source; as the folder of sli.yaml says."),
        "connection": Key("connection", values.TEXT, "The Airflow connection to it; prometheus_default."),
    },
)
APPROVAL = Section(
    "an approval",
    {
        "approvers": Key("approvers", values.NAMES, "Users of Airflow who may answer; all who may, when not said."),
        "expiresAfter": Key("expires_after", values.duration("1s"), "Then it is declined; never, when not said."),
        "supersede": Key("supersede", values.FLAG, "A newer approval of the same service declines the older ones."),
    },
)
LOAD = Section(
    "a test",
    {
        "acceptedFailureRatio": Key(
            "accepted_failure_ratio", values.RATIO, "Share of requests that may fail; as the workload says."
        ),
        "timeout": Key("timeout", values.duration("1s"), "Then the load is ended, whatever its settings say; 1h."),
    },
)
EVALUATION = Section(
    "an evaluation",
    {
        "source": Key("source", values.section(SOURCE), "Where its numbers come from; as said for the project."),
        "scrapeDelay": Key(
            "scrape_delay", values.duration("0s"), "Wait after the end of the window for its last scrape; 15s."
        ),
    },
)
HEALING = Section(
    "healing",
    {
        "cooldown": Key("cooldown", values.duration("0s"), "After an action no other problem is acted on; 5m."),
        "actionsPerHour": Key("actions_per_hour", values.count(0), "So many for each service; 6."),
        "maxReplicas": Key("max_replicas", values.count(1), "Nothing is scaled above; 10."),
        "dryRun": Key("dry_run", values.FLAG, "Actions are recorded, and nothing is done."),
        "scaleBackAfter": Key(
            "scale_back_after",
            values.duration("1m", never=True),
            "How long objectives must hold until a scaled service gets its former count; 30m, or never.",
        ),
    },
)
MONITORING = Section(
    "monitoring",
    {
        "for": Key("pending", values.duration("0s"), "How long a limit must be missed before its alert fires; 10m."),
    },
)
SCHEDULE = Section(
    "a schedule",
    {
        "sequence": Key("sequence", values.TEXT, "The sequence that starts; evaluation."),
        "cron": Key("cron", values.CRON, "When it starts.", required=True),
        "timezone": Key("timezone", values.ZONE, "In which the clock is read; UTC."),
        "timeframe": Key("timeframe", values.duration("1m"), "How far the evaluation looks back.", required=True),
        "services": Key("services", values.NAMES, "For which services; for all, when not said."),
    },
)
STAGE = Section(
    "a stage",
    {
        "connection": Key("connection", values.TEXT, "The Airflow connection to its cluster; made when not said."),
        "approval": Key("approval", values.section(APPROVAL), "How people are asked."),
        "test": Key("test", values.section(LOAD), "Load tests."),
        "evaluation": Key("evaluation", values.section(EVALUATION), "Gates."),
        "lane": Key("lane", values.choice("lane policy", POLICIES), "Which of those that wait goes on; fifo."),
        "healing": Key("healing", values.section(HEALING), "What healing actions may do."),
        "monitoring": Key("monitoring", values.section(MONITORING), "Alert rules; as said for the project."),
        "schedules": Key("schedules", values.listed(SCHEDULE, Schedule()), "Sequences that start by the clock."),
    },
)
PROJECT = Section(
    FILE,
    {
        "services": Key("services", values.SERVICES, "The project's services; its folders, when not said."),
        "source": Key("source", values.section(SOURCE), "Where gates get their numbers."),
        "monitoring": Key("monitoring", values.section(MONITORING), "Alert rules that are made of its files."),
    },
)
STAGES = "stages"


def source_of(folder: Path, shown_as: str) -> Source:
    """Return a project's slipway.yaml, read as YAML; an empty one when it has none."""
    path, file = folder / FILE, f"{shown_as}/{FILE}"
    return read_file(path, file) if path.is_file() else Source(file)


def load_settings(folder: Path, shown_as: str) -> ProjectSettings:
    """Return what a project's slipway.yaml says; raises :class:`InvalidFile` with every problem of it."""
    settings, problems = settings_of(source_of(folder, shown_as))
    if settings is None:
        raise InvalidFile(problems)
    return settings


def settings_of(source: Source) -> tuple[ProjectSettings | None, list[Problem]]:
    """Read a slipway.yaml out of its source.

    :return: the settings, or ``None`` when there are errors; and all problems in file order
    """
    settings = _read(source) if not has_errors(source.problems) else None
    source.problems.sort(key=lambda problem: problem.line or 0)
    return (None if has_errors(source.problems) else settings), source.problems


def _read(source: Source) -> ProjectSettings:
    fields = Fields(source, source.root, FILE)
    project: ProjectSettings = PROJECT.read(fields, ProjectSettings(), also=(STAGES,))
    named = fields.mapping(STAGES)
    entries = named.entries if named else {}
    return project._replace(
        stages={
            name: STAGE.read(Fields(source, node, STAGE.what), project.stage(name))
            for name, (_, node) in entries.items()
        }
    )


def json_schema() -> dict[str, Any]:
    """Return the JSON Schema of slipway.yaml; what only the shipyard, a calendar or a clock can tell is not in it."""
    project = PROJECT.schema
    stages = {
        "description": "By the name of a stage: what holds in it.",
        "type": ["object", "null"],
        "additionalProperties": values.or_nothing(STAGE.schema),
    }
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": FILE,
        "description": "Settings of a project that Slipway runs; the file lies beside its shipyard.yaml.",
        **values.or_nothing({**project, "properties": {**project["properties"], STAGES: stages}}),
    }
