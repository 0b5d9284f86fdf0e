"""One's own machine: a local Airflow on PostgreSQL, its REST client, and the demo that drives both."""
