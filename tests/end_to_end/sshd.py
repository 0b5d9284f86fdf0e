"""A real sshd on 127.0.0.1 that lets one key in, for git alone."""

from __future__ import annotations

import os
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from slipway_core.publish.remote.records import Credentials

from tests.end_to_end.conftest import cannot, within


class Sshd(NamedTuple):
    """A running sshd, and the key and host key to come in with."""

    port: int
    credentials: Credentials

    def address(self, repository: Path) -> str:
        """Return the address of a repository of this machine."""
        return f"ssh://root@127.0.0.1:{self.port}{repository}"


@contextmanager
def running_sshd(folder: Path) -> Iterator[Sshd]:
    """Start an sshd with keys of its own, and end it.

    :param folder: an empty folder for keys, settings and log
    """
    if os.geteuid() != 0:
        cannot("an sshd that lets root in needs root")
    from slipway_cluster.debian import install_tools

    install_tools(["openssh-server", "openssh-client"])
    Path("/run/sshd").mkdir(exist_ok=True)  # sshd's own empty folder; its service would have made it
    host, user = new_key(folder / "host"), new_key(folder / "user")
    only_git = 'restrict,command="git-shell -c \\"$SSH_ORIGINAL_COMMAND\\""'
    (folder / "authorized").write_text(f"{only_git} {user.with_suffix('.pub').read_text()}")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    (folder / "config").write_text(
        f"ListenAddress 127.0.0.1:{port}\nHostKey {host}\nAuthorizedKeysFile {folder / 'authorized'}\nStrictModes no\n"
        "UsePAM no\nPasswordAuthentication no\nPermitRootLogin prohibit-password\nPidFile none\n"
    )
    argv = ["/usr/sbin/sshd", "-D", "-e", "-f", folder / "config"]
    with (folder / "log").open("wb") as log, subprocess.Popen(argv, stderr=log) as process:
        try:
            assert within(10, lambda: listens(port)), (folder / "log").read_text()
            known = f"[127.0.0.1]:{port} {host.with_suffix('.pub').read_text()}"
            yield Sshd(port, Credentials(private_key=user.read_text(), known_hosts=known))
        finally:
            process.terminate()


def new_key(path: Path) -> Path:
    """Make a key pair without a passphrase."""
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", path], check=True)
    return path


def listens(port: int) -> bool:
    """Say whether somebody takes connections."""
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
