"""The load of the demo is a Job of its own, and never outlives its step."""

from __future__ import annotations

from typing import Any

import pytest
from slipway_cluster import kubectl as cluster
from slipway_cluster import target
from slipway_local.rush import GRACE, rush
from slipway_local.sample_project import FOLDER


def test_the_load_is_limited_in_time_and_deleted_whatever_happens(monkeypatch: pytest.MonkeyPatch) -> None:
    """Script and settings go in; the cluster itself ends it when nobody else does."""
    said: list[Any] = []
    monkeypatch.setattr(target, "current_target", lambda: "the cluster")
    monkeypatch.setattr(cluster, "kubectl", lambda _, *words: said.append(words[0]))
    monkeypatch.setattr(cluster, "apply", lambda _, objects: said.append(objects))
    with (
        pytest.raises(RuntimeError, match="broken off"),
        rush(FOLDER / "helloservice" / "locust", "fulltour-production", "helloservice", 18, 90),
    ):
        raise RuntimeError("broken off")
    before, (config_map, job), after = said
    assert ("delete", "delete") == (before, after)
    assert {"rush.py", "rush.conf"} == set(config_map["data"])
    assert config_map["data"]["rush.conf"].startswith("users = 18\nspawn-rate = 18\nrun-time = 90s\n")
    assert config_map["metadata"] == {"name": "rush-helloservice", "namespace": "fulltour-production"}
    assert (90 + GRACE, 0) == (job["spec"]["activeDeadlineSeconds"], job["spec"]["backoffLimit"])
    [container] = job["spec"]["template"]["spec"]["containers"]
    assert ["--host", "http://helloservice.fulltour-production", "--script", "rush.py"] == container["args"][:4]
