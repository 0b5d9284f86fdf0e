"""One Airflow DAG per stage and sequence of every published project."""

from pathlib import Path

from slipway.sequence_dag import published_dags

globals().update(published_dags(Path(__file__).parent.parent))
