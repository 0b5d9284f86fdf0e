"""Git as a command: without a shell, without prompts, without anybody's configuration, and never longer than asked."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from slipway_core.keptn.problems import PublishFailed

_SETTINGS = ("-c", "safe.directory=*", "-c", "gc.autoDetach=false", "-c", f"core.hooksPath={os.devnull}")
# Whom to trust is the machine's business; every other variable of Git would be somebody's wish for another repository.
_KEPT = ("GIT_SSL_CAINFO", "GIT_SSL_CAPATH")


class GitTookTooLong(PublishFailed):
    """A git command did not end in the time it had; it and all its children were ended."""


class Answer(NamedTuple):
    """How a git command ended: exit code, output, and what it complained about."""

    code: int
    out: bytes
    err: str


def run_git(
    folder: Path, *arguments: str, stdin: bytes = b"", env: Mapping[str, str] | None = None, timeout: float = 120.0
) -> Answer:
    """Run one git command in a bare repository.

    :param folder: the repository
    :param env: variables beside those of :func:`environment`
    :param timeout: seconds
    Raises :class:`PublishFailed` when git is not installed, :class:`GitTookTooLong` when it did not end.
    """
    argv = ["git", *_SETTINGS, f"--git-dir={folder}", *arguments]
    pipe = subprocess.PIPE
    try:
        # A process group of its own, so that git's helpers (ssh, git-remote-https) can be ended with it.
        process = subprocess.Popen(
            argv, stdin=pipe, stdout=pipe, stderr=pipe, env={**environment(), **(env or {})}, process_group=0
        )
    except FileNotFoundError as error:
        raise PublishFailed("git is not installed. Install it: apt-get install git.") from error
    with process:
        try:
            out, err = process.communicate(stdin, timeout)
        except subprocess.TimeoutExpired as error:
            raise GitTookTooLong(f"git {arguments[0]} took longer than {timeout:.0f} seconds in {folder}.") from error
        finally:
            if process.poll() is None:
                with suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGKILL)
    return Answer(process.returncode, out, err.decode("utf-8", "replace").strip())


def environment() -> dict[str, str]:
    """Return the environment for git: the caller's, without what would change what git does."""
    inherited = {key: value for key, value in os.environ.items() if not key.startswith("GIT_") or key in _KEPT}
    person = {"NAME": "Slipway", "EMAIL": "slipway@localhost"}
    return {
        **inherited,
        **{f"GIT_{role}_{key}": value for role in ("AUTHOR", "COMMITTER") for key, value in person.items()},
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_TERMINAL_PROMPT": "0",
        "GIT_ASKPASS": "",  # set and empty: nobody is asked, not even by the desktop
        "LC_ALL": "C",
    }
