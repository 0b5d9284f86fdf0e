"""Visitors who ask helloservice for a greeting a few times a second."""

from locust import HttpUser, between, task


class Visitor(HttpUser):
    """Reads the greeting and looks whether it is one."""

    wait_time = between(0.1, 0.3)

    @task
    def read_the_greeting(self) -> None:
        """Ask for `/`; an answer that is no greeting is a failure. A new connection each time reaches every pod."""
        with self.client.get("/", headers={"Connection": "close"}, catch_response=True) as answer:
            if answer.ok and not answer.text.startswith("Hello from helloservice"):
                answer.failure(f"not a greeting: {answer.text[:80]!r}")
