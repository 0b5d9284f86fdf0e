"""Names of DAGs, tasks, runs and Helm releases: legal, readable, and never two things under one name.

A part of a name keeps its letters, digits, `_` and `-`; every other character becomes `_x<hex>_`. So that nothing else
can look like that, an underscore before `x` and a hexadecimal digit is escaped too.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable

LONGEST = 250
LONGEST_RELEASE = 53  # Helm's own limit
OWN_PREFIX = "slipway_"

_ESCAPED = re.compile(r"[^A-Za-z0-9_-]|_(?=x[0-9a-f])")
_ESCAPE = re.compile(r"_x([0-9a-f]+)_")
_NOT_IN_RUN_ID = re.compile(r"[^A-Za-z0-9_.~:+-]")
_NOT_IN_RELEASE = re.compile(r"[^a-z0-9-]+")
_ROOM_FOR_COUNT = 10


def escape(text: str) -> str:
    """Return a text as a legal part of an id; different texts give different parts."""
    return _ESCAPED.sub(lambda found: f"_x{ord(found[0]):x}_", text)


def unescape(part: str) -> str:
    """Return the text that :func:`escape` made a part from."""
    return _ESCAPE.sub(lambda found: chr(int(found[1], 16)), part)


def dag_id(project: str, stage: str, sequence: str) -> str:
    """Return the id of the DAG of a sequence, such as ``fulltour.qa.delivery``; at most 250 characters."""
    return _shorten(".".join(escape(part) for part in (project, stage, sequence)), LONGEST)


def place_of(dag_id: str) -> tuple[str, str, str] | None:
    """Return project, stage and sequence of a DAG; ``None`` when its id is none of a sequence, or was cut."""
    parts = dag_id.split(".")
    if len(parts) != 3 or not all(parts):
        return None
    project, stage, sequence = (unescape(part) for part in parts)
    return project, stage, sequence


def schedule_dag_id(project: str, stage: str, sequence: str, number: int, service: str) -> str:
    """Return the id of the DAG of a schedule and a service, such as ``fulltour.qa.evaluation.schedule-1-carts``.

    :param number: which one of the stage's schedules, from 1 on
    """
    parts = (project, stage, sequence, f"schedule-{number}-{service}")
    return _shorten(".".join(escape(part) for part in parts), LONGEST)


def task_id(name: str) -> str:
    """Return the id of the first task of a name; never one of our own, which begin with ``slipway_``."""
    escaped = escape(name)
    if escaped.startswith(OWN_PREFIX):
        escaped = f"_x{ord(escaped[0]):x}_{escaped[1:]}"
    return _shorten(escaped, LONGEST - _ROOM_FOR_COUNT)


def task_ids(names: Iterable[str]) -> list[str]:
    """Return the ids of a sequence's tasks in order; the n-th of one name gets ``.n`` from the second on (R8)."""
    count: dict[str, int] = {}
    ids = []
    for name in names:
        count[name] = count.get(name, 0) + 1
        ids.append(task_id(name) if count[name] == 1 else f"{task_id(name)}.{count[name]}")
    return ids


def run_id(context: str, parent_dag_id: str, parent_run_id: str, item: int) -> str:
    """Return the id of the run that a finished sequence starts; the same for the same start, so safe to repeat.

    :param context: context of the whole chain
    :param parent_dag_id: DAG of the sequence that finished
    :param parent_run_id: its run
    :param item: number of the trigger item that fires, as in :class:`slipway_core.keptn.plan.Follower`
    """
    return _run_id(context, parent_dag_id, parent_run_id, str(item))


def message_run_id(context: str, message: str) -> str:
    """Return the id of the run that something from outside starts; the same for the same message.

    :param context: context of the whole chain
    :param message: id of what came in
    """
    return _run_id(context, message)


def release_name(service: str) -> str:
    """Return the legal release name nearest to a Keptn service name, which may hold capitals, dots, underscores.

    Different services may get the same one, and some none at all (``''``): publishing refuses such projects.
    """
    return _NOT_IN_RELEASE.sub("-", service.lower()).strip("-")[:LONGEST_RELEASE].rstrip("-")


def _run_id(context: str, *parts: str) -> str:
    return f"{_NOT_IN_RUN_ID.sub('-', context)[:100]}.{_digest(context, *parts)}"


def _shorten(text: str, longest: int) -> str:
    """Cut a long id and add a digest of the whole; '.cut.' keeps it apart from ids that were never cut."""
    if len(text) <= longest:
        return text
    tail = f".cut.{_digest(text)}"
    return text[: longest - len(tail)] + tail


def _digest(*parts: str) -> str:
    return hashlib.sha256("\0".join(parts).encode("utf-8", "surrogatepass")).hexdigest()[:20]


def namespace(project: str, stage: str) -> str:
    """Return the Kubernetes namespace of a stage."""
    return f"{project}-{stage}"


def connection_id(project: str, stage: str) -> str:
    """Return the id of the Airflow connection to the cluster of a stage."""
    return f"kubernetes_{project}_{stage}"
