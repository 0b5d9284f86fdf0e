"""Which source of numbers a gate asks (decisions.md, "slo.yaml present, no source configured")."""

from __future__ import annotations

from slipway_core.keptn.kinds import PROVIDERS
from slipway_core.keptn.project_files import ProjectFiles
from slipway_core.numbers.errors import NoSource
from slipway_core.numbers.queries import PROMETHEUS

BUILT = (PROMETHEUS,)


def source_of(files: ProjectFiles, told: str = "") -> str:
    """Return the kind of source that a gate's numbers come from.

    :param told: what slipway.yaml says; nothing there: the folder that holds the service's ``sli.yaml`` names it
    :raises NoSource: when nothing names one, or one that is not built
    """
    found = [told] if told else [one for one in PROVIDERS if files.find_all_levels(f"{one}/sli.yaml")]
    if not found:
        raise NoSource(
            f"There is a slo.yaml for service {files.service} in stage {files.stage}, but nothing says where its "
            "numbers come from. Put the queries into prometheus/sli.yaml, or name the source in slipway.yaml: "
            "'source: {type: prometheus}'."
        )
    if built := [one for one in found if one in BUILT]:
        return built[0]
    raise NoSource(f"The source '{found[0]}' is not built yet; known: {', '.join(BUILT)}.")
