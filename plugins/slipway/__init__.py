"""Everything of Slipway that speaks Airflow: operators, hooks, links, and the DAGs made from a published project."""
