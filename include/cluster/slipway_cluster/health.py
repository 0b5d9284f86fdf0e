"""Is a part of the cluster well? Each check answers within a second or two, and never raises."""

from __future__ import annotations

import socket
import ssl
import struct
import urllib.request
from functools import cache
from pathlib import Path

TIMEOUT = 2.0  # seconds

# Never through a proxy of the environment: everything asked here is on this machine.
_http = urllib.request.build_opener(urllib.request.ProxyHandler({}))


def answers_http(url: str) -> bool:
    """Say whether a plain http address answers with a success."""
    try:
        with _http.open(url, timeout=TIMEOUT) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False


def answers_https(url: str, authority: Path, certificate: Path | None = None) -> bool:
    """Say whether an https address with a certificate of this authority answers with a success.

    :param certificate: `<name>.crt` of a client certificate; its key lies beside it.
    """
    try:
        context = _tls(authority, certificate, authority.stat().st_mtime)
        opener = urllib.request.build_opener(
            urllib.request.ProxyHandler({}), urllib.request.HTTPSHandler(context=context)
        )
        with opener.open(url, timeout=TIMEOUT) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False


def accepts_unix(path: Path) -> bool:
    """Say whether something accepts connections on a Unix socket."""
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(TIMEOUT)
        try:
            connection.connect(str(path))
        except OSError:
            return False
    return True


def resolves(name: str, server: str) -> bool:
    """Say whether a DNS server has an IPv4 address for a name."""
    labels = b"".join(bytes([len(label)]) + label.encode() for label in name.split("."))
    query = struct.pack("!6H", 0x5157, 0x0100, 1, 0, 0, 0) + labels + b"\0" + struct.pack("!2H", 1, 1)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as connection:
        connection.settimeout(TIMEOUT)
        try:
            connection.connect((server, 53))
            connection.send(query)
            answer = connection.recv(512)
        except OSError:
            return False
    return len(answer) > 12 and answer[3] & 0x0F == 0 and struct.unpack("!H", answer[6:8])[0] > 0


@cache
def _tls(authority: Path, certificate: Path | None, _written: float) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=str(authority))
    if certificate is not None:
        context.load_cert_chain(certificate, certificate.with_suffix(".key"))
    return context
