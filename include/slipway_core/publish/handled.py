"""Which tasks and actions something handles: names of entry points. Nothing is imported."""

from importlib.metadata import entry_points

GROUP = "slipway.tasks"
ACTIONS = "slipway.actions"


def handled_tasks() -> frozenset[str]:
    """Return the names of all tasks that an installed package handles."""
    return frozenset(entry.name for entry in entry_points(group=GROUP))


def handled_actions() -> frozenset[str]:
    """Return the names of all actions of a remediation.yaml that an installed package handles."""
    return frozenset(entry.name for entry in entry_points(group=ACTIONS))
