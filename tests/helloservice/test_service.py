"""The sample service's own tests, in Go."""

from __future__ import annotations

import os
import subprocess

import pytest
from slipway_cluster.places import CHECKOUT
from slipway_cluster.toolchain import go_argv, go_env

pytestmark = pytest.mark.end_to_end  # its modules come over the network


@pytest.mark.parametrize("words", [["vet", "./..."], ["test", "./..."]], ids=["vet", "test"])
def test_the_service_passes_its_own_tests(words: list[str]) -> None:
    """Metrics, versions, graceful end."""
    done = subprocess.run(
        [*go_argv(), *words],
        cwd=CHECKOUT / "include" / "helloservice",
        env={**os.environ, **go_env()},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
