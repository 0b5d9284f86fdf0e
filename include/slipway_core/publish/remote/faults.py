"""What git complained about, in words that help. No text of git's that could hold a secret gets through unseen."""

from __future__ import annotations

import re

from slipway_core.keptn.problems import RemoteFailed

_LONGEST = 300


class RemoteMoved(RemoteFailed):
    """Somebody else pushed meanwhile: fetch again and try once more."""


# The first that fits counts; what stands first is what others also say.
_FAULTS: tuple[tuple[str, str, str], ...] = (
    (
        r"pre-receive hook declined|protected branch|GH006|branch is currently checked out|deny updating",
        "the remote takes no commits on this branch",
        "Allow the user to push there, or choose another branch.",
    ),
    (
        r"could not read Username|could not read Password|Authentication failed|error: 401",
        "the remote refused the user or the token",
        "Put a user and a token that may use this repository into its Airflow connection.",
    ),
    (r"error: 403", "the remote forbids this (403)", "Give the token the right to read (or write) this repository."),
    (
        r"REMOTE HOST IDENTIFICATION HAS CHANGED|host key .*has changed",
        "the host key of the remote is not the one that is known",
        "Ask its owner why; if it is right, correct 'known_hosts' in the connection.",
    ),
    (
        r"Host key verification failed|No \S+ host key is known",
        "the host key of the remote is not known",
        "Put the line of `ssh-keyscan HOST` into 'known_hosts' of the connection, after comparing it with what the "
        "host's owner says.",
    ),
    (
        r"Load key .*(invalid format|error in libcrypto|incorrect passphrase)",
        "the private key cannot be read",
        "Put a whole key without a passphrase into 'private_key' of the connection.",
    ),
    (
        r"Permission denied \(|Too many authentication failures",
        "the remote refused the SSH key",
        "Put a key that may use this repository, without a passphrase, into 'private_key' of its Airflow connection.",
    ),
    (
        r"SSL certificate problem|certificate verif|server certificate",
        "the remote's certificate is not trusted",
        "Trust its CA on this machine, or name a file with it in GIT_SSL_CAINFO.",
    ),
    (r"error: 30\d|update url base from redirection", "the remote answers that it has moved", "Write its new address."),
    (r"error: (429|5\d\d)", "the remote has a fault or is busy", "Wait; it is tried again."),
    (
        r"Could not resolve host|Failed to connect|Couldn't connect|onnection (refused|timed out|reset|closed)|"
        r"No route to host|Network is unreachable|Operation (timed out|too slow)|Empty reply|Recv failure|"
        r"unexpected eof|Could not resolve hostname",
        "the remote does not answer",
        "Check its address and the network; it is tried again.",
    ),
    (r"cannot run ssh", "there is no ssh on this machine", "Install it: apt-get install openssh-client."),
    (
        r"dubious ownership",
        "the repository belongs to another user of this machine",
        "Give it to the user that Slipway runs as.",
    ),
    (r"transport '.*' not allowed", "addresses of this kind are not taken", "Use HTTPS, SSH or a path."),
    (r"couldn't find remote ref|not our ref", "the branch vanished while it was read", "It is tried again."),
    (
        r"not found|does not exist|does not appear to be a git repo|[Nn]ot a git repository|"
        r"No such file or directory|not valid: is this a git repo",
        "there is no Git repository, or none that this user may see",
        "Check the address, and the user's rights.",
    ),
)
_MOVED = re.compile(r"stale info|fetch first|non-fast-forward|cannot lock ref|failed to update ref|reference already")


def explain(said: str, remote: str, secrets: tuple[str, ...] = ()) -> RemoteFailed:
    """Return the error for what git said.

    :param said: all that git wrote
    :param remote: address, to be named; holds no credentials
    :param secrets: texts that must not be shown, should git or the remote repeat them
    """
    for pattern, what, advice in _FAULTS:
        if re.search(pattern, said):
            return RemoteFailed(f"{remote}: {what}.", advice)
    if _MOVED.search(said):
        return RemoteMoved(f"{remote}: somebody else pushed meanwhile.", "Try again.")
    return RemoteFailed(f"{remote}: git failed: {_shown(said, secrets)}", "Try the same with git itself.")


def too_slow(remote: str, seconds: float) -> RemoteFailed:
    """Return the error for a remote that did not answer in time."""
    advice = "Check its address and the network; it is tried again."
    return RemoteFailed(f"{remote}: the remote did not answer within {seconds:.0f} seconds.", advice)


def _shown(said: str, secrets: tuple[str, ...]) -> str:
    for secret in filter(None, secrets):
        said = said.replace(secret, "***")
    lines = [line for line in said.splitlines() if line.startswith(("fatal:", "error:", "!"))] or said.splitlines()
    text = " ".join("".join(char if char.isprintable() else " " for char in "; ".join(lines)).split())
    return text[:_LONGEST] or "it said nothing"
