"""How credentials reach git: by its environment and by files only their owner may read. Never by an argument or URL."""

from __future__ import annotations

import base64
import os
import shlex
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from slipway_core.publish.remote.address import is_http, is_ssh, origin_of
from slipway_core.publish.remote.records import Credentials

_CONNECT_TIMEOUT = 10  # seconds for SSH to reach a host
_DEFAULT_USER = "git"  # GitHub, GitLab and Gitea take any user with a token


@contextmanager
def access(remote: str, credentials: Credentials) -> Iterator[dict[str, str]]:
    """Yield the variables with which git may use a remote; temporary files are gone afterwards."""
    config = {
        # A redirect could lead to another host, and the token with it.
        "http.followRedirects": "false",
        "http.lowSpeedLimit": "1000",
        "http.lowSpeedTime": "20",
        "fetch.recurseSubmodules": "false",
        "push.recurseSubmodules": "no",
    }
    variables = {"GIT_ALLOW_PROTOCOL": "file:http:https:ssh"}
    if is_http(remote) and credentials.password:
        config[f"http.{origin_of(remote)}/.extraHeader"] = f"Authorization: Basic {basic(credentials)}"
    if not is_ssh(remote):
        yield {**variables, **_as_variables(config)}
        return
    with tempfile.TemporaryDirectory(prefix="slipway-ssh-") as folder:
        command = _ssh_command(Path(folder), credentials)
        yield {**variables, **_as_variables(config), "GIT_SSH_COMMAND": command, "GIT_SSH_VARIANT": "ssh"}


def basic(credentials: Credentials) -> str:
    """Return user and password as HTTP's basic authentication writes them."""
    return base64.b64encode(f"{credentials.user or _DEFAULT_USER}:{credentials.password}".encode()).decode()


def _as_variables(config: Mapping[str, str]) -> dict[str, str]:
    variables = {"GIT_CONFIG_COUNT": str(len(config))}
    for number, (key, value) in enumerate(config.items()):
        variables |= {f"GIT_CONFIG_KEY_{number}": key, f"GIT_CONFIG_VALUE_{number}": value}
    return variables


def _ssh_command(folder: Path, credentials: Credentials) -> str:
    """Return the command line of ssh; without a key in the connection, those of the user it runs as."""
    options = ["BatchMode=yes", "StrictHostKeyChecking=yes", f"ConnectTimeout={_CONNECT_TIMEOUT}"]
    words = ["ssh"]
    if credentials.private_key:
        key = _private(folder / "key", credentials.private_key.rstrip() + "\n")
        words += ["-F", os.devnull, "-i", key]
        options += ["IdentitiesOnly=yes", "IdentityAgent=none"]
    if credentials.known_hosts:
        hosts = _private(folder / "known_hosts", credentials.known_hosts.rstrip() + "\n")
        options += [f"UserKnownHostsFile={hosts}", f"GlobalKnownHostsFile={os.devnull}"]
    return shlex.join([*words, *(word for option in options for word in ("-o", option))])


def _private(path: Path, text: str) -> str:
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(text)
    return str(path)
