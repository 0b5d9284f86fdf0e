"""What a project says in its slipway.yaml, as records. They travel in the compiled plan.

Reading a plan is on the hot path of parsing DAGs: standard library only. The file is read in
:mod:`slipway_core.keptn.settings_file`; a key that it does not name has the default that stands here.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from slipway_core.keptn.lanes import FIFO, Policy

FILE = "slipway.yaml"


class SourceSettings(NamedTuple):
    """Where gates get their numbers.

    :param type: what kind of source; empty: the folder of a service's ``sli.yaml`` names it (decisions.md)
    :param connection: the Airflow connection to it
    """

    type: str = ""
    connection: str = "prometheus_default"


class ApprovalSettings(NamedTuple):
    """How a stage asks people.

    :param approvers: who may answer; nobody named: all who may answer in Airflow
    :param expires_after: seconds after which an open approval is declined; ``None``: never
    :param supersede: whether a newer approval of the same service declines the older ones
    """

    approvers: tuple[str, ...] = ()
    expires_after: float | None = None
    supersede: bool = False


class LoadSettings(NamedTuple):
    """Load tests of a stage.

    :param accepted_failure_ratio: share of requests, 0 to 1, that may fail; ``None``: as the workload says
    :param timeout: seconds after which the load is ended; ``None``: as the operator says
    """

    accepted_failure_ratio: float | None = None
    timeout: float | None = None


class EvaluationSettings(NamedTuple):
    """Gates of a stage.

    :param source: where the numbers come from
    :param scrape_delay: seconds to wait after the end of the window for its last scrape
    """

    source: SourceSettings = SourceSettings()
    scrape_delay: float = 15.0


class HealingSettings(NamedTuple):
    """What healing actions may do in a stage, to each service.

    :param cooldown: seconds after an action in which no other problem is acted on
    :param actions_per_hour: so many, whatever came of them
    :param max_replicas: nothing is scaled above
    :param dry_run: actions are recorded, and nothing is done
    :param scale_back_after: seconds for which the objectives must hold before a scaled service gets its former count;
        ``None``: it keeps the new one
    """

    cooldown: float = 300.0
    actions_per_hour: int = 6
    max_replicas: int = 10
    dry_run: bool = False
    scale_back_after: float | None = 1800.0


class MonitoringSettings(NamedTuple):
    """Alert rules of a stage.

    :param pending: seconds for which a limit must be missed before the alert fires (evaluation.md 12)
    """

    pending: float = 600.0


class Schedule(NamedTuple):
    """A sequence that starts by the clock.

    :param sequence: name of the sequence
    :param cron: five fields, or a name such as ``@daily``
    :param timezone: in which the clock is read
    :param timeframe: seconds that the evaluation looks back from the start
    :param services: for which services; none named: for all
    """

    sequence: str = "evaluation"
    cron: str = ""
    timezone: str = "UTC"
    timeframe: float = 0.0
    services: tuple[str, ...] = ()


class StageSettings(NamedTuple):
    """What is said of one stage.

    :param connection: the Airflow connection to its cluster; empty: the stage's own
    :param lane: which of the runs that wait for one service goes on
    """

    connection: str = ""
    approval: ApprovalSettings = ApprovalSettings()
    test: LoadSettings = LoadSettings()
    evaluation: EvaluationSettings = EvaluationSettings()
    monitoring: MonitoringSettings = MonitoringSettings()
    schedules: tuple[Schedule, ...] = ()
    lane: Policy = FIFO
    healing: HealingSettings = HealingSettings()


class ProjectSettings(NamedTuple):
    """What is said of a project; ``services`` is empty when its folders tell."""

    services: tuple[str, ...] = ()
    source: SourceSettings = SourceSettings()
    monitoring: MonitoringSettings = MonitoringSettings()
    stages: Mapping[str, StageSettings] = {}

    def stage(self, name: str) -> StageSettings:
        """Return what holds for a stage: what is said of it, else what is said of the project, else the defaults."""
        said = self.stages.get(name)
        if said is not None:
            return said
        return StageSettings(evaluation=EvaluationSettings(self.source), monitoring=self.monitoring)


def to_data(settings: Any) -> Any:
    """Return settings as plain data; what has its default is left out."""
    if hasattr(settings, "_field_defaults"):
        defaults = settings._field_defaults
        return {name: to_data(value) for name, value in settings._asdict().items() if value != defaults[name]}
    if isinstance(settings, Mapping):
        return {name: to_data(value) for name, value in settings.items()}
    return [to_data(value) for value in settings] if isinstance(settings, tuple) else settings


def from_data(data: Mapping[str, Any]) -> ProjectSettings:
    """Return the settings that :func:`to_data` wrote."""
    stages = {name: _stage_from(stage) for name, stage in data.get("stages", {}).items()}
    return _filled(ProjectSettings(), {**data, "stages": stages})


def _stage_from(data: Mapping[str, Any]) -> StageSettings:
    schedules = tuple(_filled(Schedule(), one) for one in data.get("schedules", ()))
    return _filled(StageSettings(), {**data, "schedules": schedules})


def _filled(default: Any, data: Mapping[str, Any]) -> Any:
    return default._replace(**{name: _value(getattr(default, name), kept) for name, kept in data.items()})


def _value(default: Any, kept: Any) -> Any:
    if hasattr(default, "_replace"):
        return _filled(default, kept)
    return tuple(kept) if isinstance(kept, list) else kept
