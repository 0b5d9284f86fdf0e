"""What can go wrong with a tool. Light to import: operators name these where the hooks themselves come late.

Each descends from ``Exception``: Airflow tries again what is not an ``AirflowFailException``.
"""


class NoAccess(Exception):
    """The connection's account may not do what is needed in the namespace of the stage."""


class NoConnection(Exception):
    """Airflow has no connection of that name: worth another try, the publisher may be about to make it."""


class HelmFailed(Exception):
    """Helm ended with an error; the text is Helm's own."""


class HelmUnavailable(HelmFailed):
    """Helm could not do its work now (no binary, the cluster is away, a release is busy): worth another try."""


class NotScaled(Exception):
    """The count of replicas could not be changed, and another try would end alike."""


class LoadFailed(Exception):
    """The load could not be made, and another try would end alike."""
