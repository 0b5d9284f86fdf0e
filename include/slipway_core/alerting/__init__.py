"""What Prometheus and Alertmanager have to know of a project: alert rules out of its files, and the way back to us."""
