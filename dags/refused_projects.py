"""No DAG in here: shows the projects that were refused among Airflow's import errors, with file and line."""

from pathlib import Path

from slipway_core.keptn.problems import SlipwayError
from slipway_core.publish.load import refusals, render_refusals

if refused := refusals(Path(__file__).parent.parent):
    raise SlipwayError(render_refusals(refused))
