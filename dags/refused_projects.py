"""No DAG in here: shows the projects that do not run among Airflow's import errors, with file and line."""

from pathlib import Path

from slipway.sequence_dag import unbuildable
from slipway_core.keptn.problems import SlipwayError
from slipway_core.publish.load import refusals, render_refusals

TREE = Path(__file__).parent.parent
told = [render_refusals(refused)] if (refused := refusals(TREE)) else []
told += [f"Project '{project}' is published, but has no DAGs here. {why}" for project, why in unbuildable(TREE).items()]
if told:
    raise SlipwayError("\n\n".join(told))
