"""Runs a program as another user, with chosen folders shown to it in places that it can reach.

`python -m slipway_local.as_user USER [FROM TO]... -- PROGRAM ARGUMENT...`, started by root. A checkout below
/root (mode 0700) keeps PostgreSQL's user from its own data, whatever the data's mode is. Opening /root for that
would be rude, and data elsewhere is forgotten when the checkout goes. So each folder FROM is bound to TO in a
mount namespace of this program's own: nobody else sees the mount, and it is gone when the program ends.
"""

from __future__ import annotations

import grp
import os
import pwd
import subprocess
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

_KEPT = ("LANG", "LC_ALL", "LD_LIBRARY_PATH", "PATH", "SLIPWAY_PART", "TZ")  # root's other variables are not theirs


def argv_as(user: str, shown: Mapping[Path, Path], program: Sequence[str | Path]) -> list[str]:
    """Return the command line that runs `program` as `user`.

    :param shown: folder → the empty folder at which the program finds it; nothing to show, no namespace.
    """
    namespace = ["unshare", "--mount", "--propagation", "private", "--"] if shown else []
    places = [str(place) for pair in shown.items() for place in pair]
    return [*namespace, sys.executable, "-m", __name__, user, *places, "--", *map(str, program)]


def unprivileged_user(names: Sequence[str]) -> str:
    """Return the user to run as: oneself when not root, else the first of `names` that exists; the last one is made."""
    if os.geteuid() != 0:
        return pwd.getpwuid(os.geteuid()).pw_name
    for name in names:
        with suppress(KeyError):
            return pwd.getpwnam(name).pw_name
    made = ["useradd", "--system", "--no-create-home", "--shell", "/usr/sbin/nologin", names[-1]]
    subprocess.run(made, check=True, capture_output=True)
    return names[-1]


def reachable(place: Path, user: str) -> bool:
    """Say whether `user` may pass through every folder above `place`."""
    entry = pwd.getpwnam(user)
    groups = {entry.pw_gid, *(group.gr_gid for group in grp.getgrall() if user in group.gr_mem)}
    for folder in place.resolve().parents:
        status = folder.stat()
        if status.st_uid == entry.pw_uid:
            bit = 0o100
        elif status.st_gid in groups:
            bit = 0o010
        else:
            bit = 0o001
        if not status.st_mode & bit:
            return False
    return True


def main(arguments: Sequence[str]) -> None:
    """Show the folders, become the user, and turn into the program."""
    split = arguments.index("--")
    user, *places = arguments[:split]
    program = list(arguments[split + 1 :])
    for source, place in zip(places[::2], places[1::2], strict=True):
        subprocess.run(["mount", "--bind", source, place], check=True)
    if os.geteuid() == 0:
        entry = pwd.getpwnam(user)
        os.initgroups(user, entry.pw_gid)
        os.setgid(entry.pw_gid)
        os.setuid(entry.pw_uid)
    os.umask(0o077)
    kept = {name: os.environ[name] for name in _KEPT if name in os.environ}
    os.execve(program[0], program, kept)


if __name__ == "__main__":
    main(sys.argv[1:])
