"""Triggers: what waits in the triggerer for a deferred task."""
