"""Which tasks something handles: names of the entry points in the group ``slipway.tasks``. Nothing is imported."""

from importlib.metadata import entry_points

GROUP = "slipway.tasks"


def handled_tasks() -> frozenset[str]:
    """Return the names of all tasks that an installed package handles."""
    return frozenset(entry.name for entry in entry_points(group=GROUP))
