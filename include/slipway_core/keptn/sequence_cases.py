"""The case form: one start of a sequence a line, with all that goes in (`slipway simulate --cases`)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from slipway_core.keptn import incoming
from slipway_core.keptn.answers import Answers, read_answers
from slipway_core.keptn.course import LIMIT, PREFIX, TRIGGERED, Course
from slipway_core.keptn.json_input import mapping, text
from slipway_core.keptn.plan import ProjectPlan, SequencePlan, plan_project
from slipway_core.keptn.problems import InvalidEvent, InvalidFile
from slipway_core.keptn.remediation import Remediation, read_remediation
from slipway_core.keptn.shipyard import Shipyard, read_shipyard

REFUSED = {"refused": True}


class Case(NamedTuple):
    """One case, read.

    :param remediation: ``<stage>/<service>`` → text of remediation.yaml
    :param trigger: type of the event that starts it
    :param data: its data, not checked yet
    """

    id: str
    shipyard: str
    remediation: Mapping[str, str]
    trigger: str
    data: object
    answers: Answers
    limit: int


def read_case(entry: object) -> Case:
    """Read one case; raises :class:`InvalidEvent`, which names the field that cannot be used."""
    case = mapping(entry, "case")
    trigger = mapping(case.get("trigger"), "trigger")
    files = mapping(case.get("remediation") or {}, "remediation")
    limit = case.get("limit", LIMIT)
    if isinstance(limit, bool) or not isinstance(limit, int) or limit < 1:
        raise InvalidEvent("limit", "must be a number from 1 on.")
    return Case(
        text(case.get("id"), "id"),
        text(case.get("shipyard"), "shipyard"),
        {place: text(content, f"remediation: {place}") for place, content in files.items()},
        text(trigger.get("type"), "trigger.type"),
        trigger.get("data"),
        read_answers(case.get("answers")),
        limit,
    )


def run_case(case: Case) -> dict[str, Any]:
    """Return what comes of a case: `events` and `waiting`, or `refused`."""
    shipyard, _ = read_shipyard(case.shipyard, "shipyard.yaml")
    if shipyard is None or not (case.trigger.startswith(PREFIX) and case.trigger.endswith(TRIGGERED)):
        return REFUSED
    try:
        plan, first, data = start_of(shipyard, case.trigger, case.data)
    except InvalidEvent:
        return REFUSED

    def remediation(stage: str, service: str) -> Remediation | None:
        content = case.remediation.get(f"{stage}/{service}")
        if content is None:
            return None
        found, problems = read_remediation(content, f"{service}/remediation.yaml")
        if found is None:
            raise InvalidFile(problems)
        return found

    course = Course(plan, case.answers, remediation, case.limit)
    try:
        events = [said.as_event() for said in course.walk(first, data)]
    except RecursionError as error:
        raise InvalidEvent("case", "is nested too deep.") from error
    limited = {"limited": True} if course.limited else {}
    return {"events": events, "waiting": course.waiting, **limited}


def start_of(shipyard: Shipyard, trigger: str, data: object) -> tuple[ProjectPlan, SequencePlan, dict[str, Any]]:
    """Return the plan of a shipyard, the sequence that an event starts, and its data.

    What does not exist is refused at once, with what does (decisions.md), and so are names that publishing refuses;
    raises :class:`InvalidEvent`.

    :param trigger: type of the event, with Keptn's prefix and ``.triggered`` or without
    """
    checked = incoming.check_trigger_data(data)
    plan = plan_project(shipyard, checked["project"], [checked["service"]])
    _check_names(plan)
    named = trigger.removeprefix(PREFIX).removesuffix(TRIGGERED)
    stage, _, sequence = named.partition(".")
    first = plan.find(stage, sequence)
    if first is None or not first.tasks:
        wrong = "has no tasks" if first else "is not in this shipyard"
        known = ", ".join(f"{one.stage}.{one.sequence}" for one in plan.sequences if one.tasks)
        raise InvalidEvent("trigger", f"'{named}' {wrong}. There are: {known}.")
    if checked["stage"] != stage:
        raise InvalidEvent("stage", f"is '{checked['stage']}' in the data, but '{stage}' is triggered.")
    return plan, first, checked


def _check_names(plan: ProjectPlan) -> None:
    """Refuse what no event can carry: a sequence or task without a name, or with a dot in it."""
    for one in plan.sequences:
        for kind, name in (("sequence", one.sequence), *(("task", task.name) for task in one.tasks)):
            if not name or "." in name:
                raise InvalidEvent("shipyard", f"{kind} '{name}' of stage '{one.stage}' needs a name without dots.")
