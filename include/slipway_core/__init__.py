"""Slipway without Airflow: the Keptn file formats, the plan made of them, and the command line."""

__version__ = "0.1.0"
