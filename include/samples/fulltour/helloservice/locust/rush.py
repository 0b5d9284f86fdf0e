"""A crowd that comes all at once: each visitor asks ten times a second, over a connection of its own each time."""

from locust import FastHttpUser, constant_throughput, task


class Hurried(FastHttpUser):
    """Reads the greeting again and again."""

    wait_time = constant_throughput(10)

    @task
    def read_the_greeting(self) -> None:
        """Ask for `/`; a new connection lets the cluster choose a pod anew."""
        self.client.get("/", headers={"Connection": "close"})
