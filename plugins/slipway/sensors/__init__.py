"""Sensors: what waits."""
