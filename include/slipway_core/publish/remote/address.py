"""Addresses of Git remotes: which are taken, what of them may be shown, and where a commit can be looked at."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

_SCHEMES = ("http", "https", "ssh", "file")
_SCP = re.compile(r"[\w.-]+@[\w.-]+:[^:]*")  # git@host:path, SSH's short way of writing
_BRANCH = re.compile(r"(?![/.-])(?!.*(\.\.|//|@\{|/\.|\.lock(/|$)))[^\s~^:?*\[\\\x00-\x1f\x7f]+(?<![/.])")


def wrong_remote(remote: str) -> str | None:
    """Return what is wrong with the address of a remote, as the end of a sentence, or ``None``. Shows no secret."""
    if not remote.isprintable() or remote != remote.strip() or not remote:
        return "is no address"
    if remote.startswith("-") or "::" in remote:
        return "is of a kind that is not taken"
    if not is_url(remote):
        return None  # a path, or git@host:path
    try:
        parts = urlsplit(remote)
        _ = parts.port
    except ValueError:
        return "is no address"
    if parts.scheme not in _SCHEMES:
        return "is of a kind that is not taken"
    if parts.password is not None or (parts.username and parts.scheme != "ssh"):
        return "holds a user or a password, which everybody who reads this file would see"
    return None


def is_url(remote: str) -> bool:
    """Say whether this is an address with a scheme."""
    return "://" in remote


def is_http(remote: str) -> bool:
    """Say whether a remote is asked by HTTP."""
    return remote.startswith(("http://", "https://"))


def is_ssh(remote: str) -> bool:
    """Say whether a remote is asked by SSH."""
    return remote.startswith("ssh://") or (not is_url(remote) and bool(_SCP.fullmatch(remote)))


def origin_of(remote: str) -> str:
    """Return scheme, host and port of a URL: whom credentials are for."""
    parts = urlsplit(remote)
    host = parts.netloc.rpartition("@")[2]
    return f"{parts.scheme}://{host.lower()}"


def wrong_branch(branch: str) -> str | None:
    """Return what is wrong with the name of a branch, or ``None``."""
    return None if _BRANCH.fullmatch(branch) else "cannot be the name of a branch"


def commit_page(remote: str, commit: str) -> str:
    """Return where a person can look at a commit; empty when the remote is not asked by HTTP."""
    return f"{remote.rstrip('/').removesuffix('.git')}/commit/{commit}" if is_http(remote) else ""
