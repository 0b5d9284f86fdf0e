"""The DAG that deletes old records once a day; Airflow reads this file only because it says so here: airflow, dag."""

from slipway.housekeeping import housekeeping_dag

dag = housekeeping_dag()
