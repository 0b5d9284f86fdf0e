"""Debian packages: daemons are unpacked into the cache and never started by Debian, plain tools are installed."""

from __future__ import annotations

import fcntl
import hashlib
import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from slipway_cluster.places import cache_dir

POLICY = Path("/usr/sbin/policy-rc.d")  # Debian asks it before it starts a service; 101 means "do not"
BIN_FOLDERS = ("usr/bin", "usr/sbin", "bin", "sbin", "usr/lib/cni")


class PackagesUnavailable(Exception):
    """Debian packages could not be had; the message says which and what apt said."""


def unpack(packages: Sequence[str], progress: Callable[[str], None] | None = None) -> Path:
    """Unpack packages, with the dependencies that the machine lacks, and return the root folder of the result.

    Kept in the cache by names and versions; as long as the distribution stays the same the first choice is kept
    without asking apt again (delete `debian/` in the cache to fetch newer ones).

    :param progress: gets a line of text when packages have to be fetched.
    :raises PackagesUnavailable: no apt, no network, no such package.
    """
    folder = cache_dir() / "debian"
    folder.mkdir(exist_ok=True)
    choice = folder / f"{_hash([*sorted(packages), _distribution()])}.choice"
    with _locked(folder / "lock"):
        if choice.exists() and (root := folder / choice.read_text().strip()).is_dir():
            return root
        if progress:
            progress(f"Fetching Debian packages, without installing them: {', '.join(packages)}.")
        versions = _with_missing_dependencies(packages)
        root = folder / _hash([f"{name}={version}" for name, version in sorted(versions.items())])
        if not root.is_dir():
            _fetch(versions, root)
        choice.write_text(root.name)
    return root


def program(root: Path, name: str) -> Path:
    """Return the path of a program in an unpacked root folder."""
    for folder in BIN_FOLDERS:
        if (root / folder / name).exists():
            return root / folder / name
    raise PackagesUnavailable(f"no program {name!r} below {root}. Delete that folder and try again.")


def libraries(root: Path) -> dict[str, str]:
    """Return the environment that lets programs of an unpacked root folder find the libraries beside them."""
    found = sorted(str(folder) for folder in root.glob("usr/lib/*-linux-gnu*"))
    return {"LD_LIBRARY_PATH": ":".join(found)} if found else {}


def install_tools(packages: Sequence[str]) -> None:
    """Install the packages that are missing, without recommended ones, and without any service being started.

    :raises PackagesUnavailable: not root, or apt failed.
    """
    missing = [name for name in packages if not _installed(name)]
    if not missing:
        return
    if os.geteuid() != 0:
        raise PackagesUnavailable(f"Debian packages are missing. As root: apt-get install {' '.join(missing)}")
    with _locked(cache_dir() / "apt.lock"), _no_service_starts():
        _apt(["install", "--yes", "--no-install-recommends", *missing], refresh=True)


def _with_missing_dependencies(packages: Sequence[str]) -> dict[str, str]:
    """Names and versions of the packages and of their dependencies that are not installed on this machine."""
    plan = _apt(["install", "--simulate", "--no-install-recommends", *packages], refresh=True)
    versions = dict(re.findall(r"^Inst (\S+) (?:\[[^\]]*\] )?\((\S+)", plan, re.MULTILINE))
    for name in packages:  # one that is installed is not in the plan, but is unpacked all the same
        if name not in versions:
            versions[name] = _candidate(name)
    return versions


def _candidate(name: str) -> str:
    policy = subprocess.run(["apt-cache", "policy", name], capture_output=True, text=True, check=False).stdout
    found = re.search(r"Candidate: (\S+)", policy)
    if found is None or found[1] == "(none)":
        raise PackagesUnavailable(f"apt knows no package {name!r}. Run: apt-get update")
    return found[1]


def _fetch(versions: dict[str, str], root: Path) -> None:
    with tempfile.TemporaryDirectory(dir=root.parent, prefix="fetch-") as scratch:
        wanted = [f"{name}={version}" for name, version in sorted(versions.items())]
        _apt(["download", *wanted], cwd=scratch, refresh=True)
        unpacked = Path(scratch) / "root"
        for package in sorted(Path(scratch).glob("*.deb")):
            subprocess.run(["dpkg", "-x", package, unpacked], check=True)
        unpacked.chmod(0o755)
        unpacked.rename(root)


def _apt(words: Sequence[str], *, refresh: bool = False, cwd: str | None = None) -> str:
    """Run apt-get; when it fails, refresh the package lists once and try again."""
    if shutil.which("apt-get") is None:
        raise PackagesUnavailable("there is no apt-get: the embedded cluster takes its parts from Debian's packages.")
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive", "LC_ALL": "C.UTF-8", "RUNLEVEL": "1"}
    argv = ["apt-get", "-o", "DPkg::Lock::Timeout=180", *words]
    result = subprocess.run(argv, capture_output=True, text=True, env=environment, cwd=cwd, check=False)
    if result.returncode == 0:
        return result.stdout
    if refresh:
        # Its exit code does not count: a broken source of somebody else's must not be in our way.
        update = ["apt-get", "-o", "DPkg::Lock::Timeout=180", "update"]
        subprocess.run(update, capture_output=True, env=environment, check=False)
        return _apt(words, cwd=cwd)
    said = (result.stderr.strip() or result.stdout.strip()).splitlines()[-8:]
    raise PackagesUnavailable("\n".join([f"`{' '.join(argv)}` failed:", *said]))


def _installed(name: str) -> bool:
    query = ["dpkg-query", "--show", "--showformat=${db:Status-Status}", name]
    return subprocess.run(query, capture_output=True, text=True, check=False).stdout == "installed"


@contextmanager
def _no_service_starts() -> Iterator[None]:
    """While it holds, installing a package starts no daemon. A policy that the machine has already is left alone."""
    if POLICY.exists():
        yield
        return
    POLICY.write_text("#!/bin/sh\nexit 101\n")
    POLICY.chmod(0o755)
    try:
        yield
    finally:
        POLICY.unlink(missing_ok=True)


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    with path.open("w") as stream:
        fcntl.flock(stream, fcntl.LOCK_EX)
        yield


def _distribution() -> str:
    release = Path("/etc/os-release")
    return (release.read_text() if release.exists() else "") + os.uname().machine


def _hash(words: Sequence[str]) -> str:
    return hashlib.sha256("\n".join(words).encode()).hexdigest()[:16]
