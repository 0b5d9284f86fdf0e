"""Which query asks for which indicator: sli.yaml of all levels, else the defaults (evaluation.md 10 and 11)."""

from __future__ import annotations

from collections.abc import Iterable
from collections.abc import Mapping as Map

from slipway_core.keptn.project_files import ProjectFiles
from slipway_core.keptn.sli import Query, load_sli, merge
from slipway_core.quality_gate.default_queries import default_query
from slipway_core.quality_gate.placeholders import Context, fill

PROMETHEUS = "prometheus"


def load_queries(files: ProjectFiles, source: str = PROMETHEUS) -> dict[str, Query]:
    """Read `<source>/sli.yaml` of project, stage and service; a later level wins over an earlier one (R79).

    :return: indicator → query, placeholders unfilled
    :raises InvalidFile: when one of them cannot be used
    """
    nearest_first = files.find_all_levels(f"{source}/sli.yaml")
    name = files.folder.name
    return merge(load_sli(path, f"{name}/{path.relative_to(files.folder)}") for path in reversed(nearest_first))


def filled(indicators: Iterable[str], queries: Map[str, Query], context: Context) -> dict[str, str | None]:
    """Return the queries of some indicators with their placeholders filled; ``None`` where there is none."""
    return {
        name: fill(queries[name].text, context) if name in queries else default_query(name, context)
        for name in indicators
    }
