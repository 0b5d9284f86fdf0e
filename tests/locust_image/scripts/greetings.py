"""Asks for one page that is there and one that is not."""

from locust import HttpUser, constant, task


class Visitor(HttpUser):
    """Alternates between the two."""

    wait_time = constant(0.05)

    @task
    def read(self) -> None:
        """Ask for both pages."""
        self.client.get("/")
        self.client.get("/missing")
