from __future__ import annotations

import os
import socket
from collections.abc import Iterator

import pytest
from slipway_local.errors import PortTaken
from slipway_local.ports import holder, is_free, require_free


@pytest.fixture
def taken() -> Iterator[int]:
    """Listen on a port of this machine and return its number."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


def test_the_holder_of_a_port_is_found(taken: int) -> None:
    """The process that listens is named by id and command line."""
    found = holder(taken)
    assert found is not None
    assert os.getpid() == found.pid
    assert "python" in found.command or "pytest" in found.command


def test_a_taken_port_is_refused_with_holder_and_advice(taken: int) -> None:
    """The message says which port, who has it, and what to do."""
    with pytest.raises(PortTaken) as refused:
        require_free(taken, "Airflow's api-server", "Choose another one.")
    for part in (str(taken), str(os.getpid()), "api-server", "Choose another one."):
        assert part in str(refused.value)


def test_a_port_is_free_again_when_its_holder_is_gone() -> None:
    """A closed socket holds nothing."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        assert not is_free(port)
    assert is_free(port)
    assert holder(port) is None
