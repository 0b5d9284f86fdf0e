"""What of a project is watched: each service of each stage, with its alert rules or why it has none."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

from slipway_core.alerting.rules import Rule, group_name, rule_data, rules_of
from slipway_core.keptn.event import Scope
from slipway_core.keptn.plan import ProjectPlan
from slipway_core.keptn.problems import InvalidFile
from slipway_core.keptn.project_files import ProjectFiles
from slipway_core.keptn.remediation import load_remediation
from slipway_core.keptn.settings import StageSettings
from slipway_core.keptn.slo import load_slo
from slipway_core.numbers.errors import NoSource
from slipway_core.numbers.queries import PROMETHEUS, filled, load_queries
from slipway_core.numbers.sources import source_of
from slipway_core.quality_gate.placeholders import Context

_NEEDED = ("slo.yaml", "remediation.yaml")
_WINDOW = timedelta(seconds=180)  # evaluation.md 12


class Watched(NamedTuple):
    """A service of a stage.

    :param rules: its alert rules
    :param pending: seconds for which a limit must be missed before an alert fires
    :param why: why it has no rules, empty when it has
    """

    scope: Scope
    rules: tuple[Rule, ...] = ()
    pending: float = 0.0
    why: str = ""

    @property
    def group(self) -> dict[str, Any]:
        """Its rules as a group of a rules file of Prometheus."""
        rules = [rule_data(rule, self.scope, self.pending) for rule in self.rules]
        return {"name": group_name(self.scope), "rules": rules}


def watched(folder: Path, plan: ProjectPlan) -> Iterator[Watched]:
    """Yield every service of every stage of a project.

    :param folder: the project's files
    :param plan: what was made of them
    """
    for stage in plan.stages:
        for service in plan.services:
            scope = Scope(plan.project, stage, service)
            try:
                yield _watched(scope, ProjectFiles(folder, stage, service), plan.settings.stage(stage))
            except (InvalidFile, NoSource) as error:
                yield Watched(scope, why=str(error))


def _watched(scope: Scope, files: ProjectFiles, settings: StageSettings) -> Watched:
    """Return a service with its rules; raises :class:`InvalidFile` or :class:`NoSource`."""
    paths = {name: files.find(name) for name in _NEEDED}
    slo_file, remediation_file = paths.values()
    if slo_file is None or remediation_file is None:  # R84
        return Watched(scope, why=f"has no {' and no '.join(name for name, path in paths.items() if path is None)}")
    slo = load_slo(slo_file, _shown(files, slo_file))
    load_remediation(remediation_file, _shown(files, remediation_file))
    source = source_of(files, settings.evaluation.source.type)
    if source != PROMETHEUS:
        return Watched(scope, why=f"has its numbers from {source}")
    now = datetime.now(UTC)
    # No deployment: $DEPLOYMENT is then `primary`, and the default queries ask the scrape job that exists.
    context = Context(*scope, start=now - _WINDOW, end=now)
    rules = rules_of(slo, filled([one.sli for one in slo.objectives], load_queries(files), context))
    why = "" if rules else "no objective has both a query and a fixed limit"
    return Watched(scope, rules, settings.monitoring.pending, why)


def _shown(files: ProjectFiles, path: Path) -> str:
    return f"{files.folder.name}/{path.relative_to(files.folder)}"
