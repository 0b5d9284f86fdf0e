"""The namespace ``<project>-<stage>`` of each stage: legal, not the cluster's own, and of one project only."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from slipway_core.keptn.names import namespace
from slipway_core.keptn.plan import ProjectPlan
from slipway_core.keptn.problems import Problem

LONGEST = 63  # Kubernetes' own limit
RESERVED = ("kube-", "openshift-")  # of Kubernetes and OpenShift themselves


class Clash(NamedTuple):
    """A project that must not be published because another one has the namespace of one of its stages."""

    project: str
    problem: Problem


def wrong_namespace(project: str, stage: str) -> tuple[str, str] | None:
    """Return what is wrong with the namespace of a stage and what to do, or ``None``."""
    name = namespace(project, stage)
    if len(name) > LONGEST:
        message = f"the namespace '{name}' of this stage is longer than {LONGEST} characters."
        return message, f"Shorten the name of the stage or of the project by {len(name) - LONGEST}."
    if name.startswith(RESERVED):
        message = f"the namespace '{name}' of this stage would be one of the cluster's own."
        return message, f"Rename the project: {' and '.join(RESERVED)} are taken."
    return None


def first_clash(new: Mapping[str, ProjectPlan], last_good: Mapping[str, ProjectPlan], shipyard: str) -> Clash | None:
    """Return the first project that wants a namespace of another one, such as ``a-b`` + ``c`` and ``a`` + ``b-c``.

    What is published already goes before what is new, then the order of the names counts.

    :param new: plans that may be published, by project
    :param last_good: plans that run already, of projects that are still there
    :param shipyard: name of the file to name in the problem
    """
    owners: dict[str, str] = {}
    for name, plan in sorted(last_good.items()):
        kept = set(new[name].stages if name in new else plan.stages)
        for stage in plan.stages:
            if stage in kept:
                owners.setdefault(namespace(name, stage), name)
    for name, plan in sorted(new.items()):
        for stage in plan.stages:
            owner = owners.setdefault(namespace(name, stage), name)
            if owner != name:
                message = f"its stage '{stage}' has the namespace '{namespace(name, stage)}', as one of '{owner}' has."
                return Clash(name, Problem(f"{name}/{shipyard}", None, message, "Rename the stage or the project."))
    return None
