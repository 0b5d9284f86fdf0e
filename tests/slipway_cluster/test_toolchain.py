"""Which Go builds the binary."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from slipway_cluster import toolchain


@pytest.fixture(autouse=True)
def fresh() -> Iterator[None]:
    """Forget an earlier answer, and this test's."""
    toolchain.go_argv.cache_clear()
    yield
    toolchain.go_argv.cache_clear()


def go_on_path(folder: Path, version: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """Put a `go` on PATH that says it is of this version."""
    go = folder / "go"
    go.write_text(f"#!/bin/sh\necho go{version}\n")
    go.chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}:/usr/bin:/bin")
    monkeypatch.setattr(toolchain, "_pypi_go", lambda: Path("/from/pypi/go"))
    return str(go)


def test_a_new_enough_go_on_path_is_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Newer than asked is fine."""
    go = go_on_path(tmp_path, "1.99.1", monkeypatch)
    assert [go] == toolchain.go_argv()


def test_a_go_that_is_too_old_is_passed_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """1.9 is older than 1.25, though a text comparison would say otherwise."""
    go_on_path(tmp_path, "1.9.7", monkeypatch)
    assert ["/from/pypi/go"] == toolchain.go_argv()


def test_no_build_downloads_a_toolchain() -> None:
    """Whatever the user's own settings say."""
    assert "local" == toolchain.go_env()["GOTOOLCHAIN"]
