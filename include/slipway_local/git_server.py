"""Git repositories over HTTP with a token, on 127.0.0.1 only: the remote that a demo has instead of a hosted one.

Runs as `python -m slipway_local.git_server FOLDER`, one of the parts of LocalAirflow. Git itself does the work
(`git http-backend`); this server checks the token, and hands over one request after the other, each in a thread.
"""

from __future__ import annotations

import base64
import binascii
import hmac
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import IO, BinaryIO

from slipway_core.publish.git_command import environment, run_git

from slipway_local.errors import LocalError

_PATH = re.compile(r"/[A-Za-z0-9][A-Za-z0-9._-]*\.git/(info/refs|git-upload-pack|git-receive-pack)")
_COMMIT = re.compile(r"/([A-Za-z0-9][A-Za-z0-9._-]*)/commit/([0-9a-f]{40})")
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
_LARGEST_BODY = 500_000_000
_LARGEST_PAGE = 1_000_000
_PIECE = 1 << 16
_TIMEOUT = 120.0  # seconds without a word from the client


class GitServer(ThreadingHTTPServer):
    """Serves the repositories of a folder.

    :param repositories: folder with bare repositories, `<name>.git`.
    :param token: the password that is asked for; the user's name does not matter.
    :param port: TCP port on 127.0.0.1; 0 takes any free one.
    """

    daemon_threads = True

    def __init__(self, repositories: Path, token: str, port: int) -> None:
        super().__init__(("127.0.0.1", port), _Handler)
        self.repositories = repositories
        self.token = token.encode()

    @property
    def address(self) -> str:
        """Where the repositories are, without a `/` at the end."""
        return f"http://127.0.0.1:{self.server_address[1]}"


def make_repository(repositories: Path, name: str) -> Path:
    """Make an empty repository, unless it is there; returns its folder."""
    if not _NAME.fullmatch(name):
        raise LocalError(f"{name!r} cannot be the name of a repository. Use letters, digits, '.', '_' and '-'.")
    folder = repositories / f"{name}.git"
    if not (folder / "HEAD").is_file():
        folder.mkdir(parents=True, exist_ok=True)
        made = run_git(folder, "init", "--quiet", "--bare", "--initial-branch=main")
        if made.code:
            raise LocalError(f"git init failed in {folder}: {made.err}")
    return folder


class _Handler(BaseHTTPRequestHandler):
    server: GitServer
    protocol_version = "HTTP/1.1"
    timeout = _TIMEOUT

    def do_GET(self) -> None:
        self._answer()

    def do_POST(self) -> None:
        self._answer()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name is that of the base class
        """Write the request to the log; it holds no credentials, which stand in a header."""
        print(f"{self.log_date_time_string()} {format % args}", flush=True)

    def _answer(self) -> None:
        self.close_connection = True  # one request each: an unread body can never be taken for the next one
        path, _, query = self.path.partition("?")
        if not self._authorized():
            self._refuse(401, "A token is needed.", {"WWW-Authenticate": 'Basic realm="Slipway"'})
        elif (page := _COMMIT.fullmatch(path)) and self.command == "GET":
            self._show_commit(*page.groups())
        elif not _PATH.fullmatch(path):
            self._refuse(404, "There is nothing here but Git repositories.")
        else:
            with tempfile.TemporaryFile() as body:
                if self._read_body(body):
                    self._run_git(path, query, body)

    def _authorized(self) -> bool:
        kind, _, text = self.headers.get("Authorization", "").partition(" ")
        try:
            _, _, given = base64.b64decode(text, validate=True).partition(b":")
        except (binascii.Error, ValueError):
            return False
        return hmac.compare_digest(given, self.server.token) and kind.lower() == "basic"

    def _read_body(self, body: BinaryIO | IO[bytes]) -> bool:
        """Keep the body of the request in a file; git sends large ones in chunks."""
        left = _LARGEST_BODY
        try:
            for piece in self._pieces():
                left -= len(piece)
                if left < 0:
                    self._refuse(413, f"More than {_LARGEST_BODY:,} bytes at once.")
                    return False
                body.write(piece)
        except ValueError:
            self._refuse(400, "The length of the body makes no sense.")
            return False
        body.seek(0)
        return True

    def _pieces(self) -> Iterator[bytes]:
        if "chunked" in self.headers.get("Transfer-Encoding", ""):
            while length := int(self.rfile.readline(32).split(b";")[0], 16):
                yield from self._read(length)
                self.rfile.readline(8)
            return
        yield from self._read(int(self.headers.get("Content-Length") or 0))

    def _read(self, length: int) -> Iterator[bytes]:
        while length > 0:
            piece = self.rfile.read(min(length, _PIECE))
            if not piece:
                raise ValueError("it ended early")
            length -= len(piece)
            yield piece

    def _run_git(self, path: str, query: str, body: BinaryIO | IO[bytes]) -> None:
        variables = {
            **environment(),
            "GATEWAY_INTERFACE": "CGI/1.1",
            "GIT_HTTP_EXPORT_ALL": "1",
            "GIT_PROJECT_ROOT": str(self.server.repositories),
            "GIT_PROTOCOL": self.headers.get("Git-Protocol", ""),
            "PATH_INFO": path,
            "QUERY_STRING": query,
            "REMOTE_ADDR": "127.0.0.1",
            "REMOTE_USER": "slipway",  # who may push: everybody who has the token
            "REQUEST_METHOD": self.command,
            "CONTENT_TYPE": self.headers.get("Content-Type", ""),
            "CONTENT_LENGTH": str(os.fstat(body.fileno()).st_size),
            "HTTP_CONTENT_ENCODING": self.headers.get("Content-Encoding", ""),
        }
        with subprocess.Popen(
            ["git", "http-backend"], stdin=body, stdout=subprocess.PIPE, env=variables, process_group=0
        ) as backend:
            assert backend.stdout is not None  # noqa: S101 - for the type checker: a pipe was asked for
            status, headers = 200, []
            while line := backend.stdout.readline().decode("latin-1").strip():
                name, _, value = line.partition(":")
                if name.lower() == "status":
                    status = int(value.split()[0])
                else:
                    headers.append((name, value.strip()))
            self.send_response(status)
            for name, value in (*headers, ("Connection", "close")):
                self.send_header(name, value)
            self.end_headers()
            while piece := backend.stdout.read(_PIECE):
                self.wfile.write(piece)

    def _show_commit(self, name: str, commit: str) -> None:
        """Answer what a run's link *Source commit* asks for; hosted Git servers have a page there, too."""
        folder = self.server.repositories / f"{name}.git"
        how = ["--stat", "--patch", "--no-color", "--no-ext-diff", "--no-textconv"]
        if not folder.is_dir() or (shown := run_git(folder, "show", *how, commit, "--")).code:
            self._refuse(404, "There is no such commit.")
        else:
            self._text(200, shown.out[:_LARGEST_PAGE])

    def _refuse(self, status: int, why: str, headers: dict[str, str] | None = None) -> None:
        self._text(status, f"{why}\n".encode(), headers)

    def _text(self, status: int, text: bytes, headers: dict[str, str] | None = None) -> None:
        plain = {"Content-Type": "text/plain; charset=utf-8", "X-Content-Type-Options": "nosniff"}
        self.send_response(status)
        for name, value in {**(headers or {}), **plain, "Connection": "close"}.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)


def main(folder: Path) -> None:
    """Serve the repositories of the Airflow in `folder` until the process is ended."""
    from slipway_local.airflow import LocalAirflow

    airflow = LocalAirflow.kept(folder)
    if airflow is None:
        sys.exit(f"{folder} holds no Airflow. `./slipway up` makes one.")
    airflow.repositories.mkdir(parents=True, exist_ok=True)
    with GitServer(airflow.repositories, airflow.git_token(), airflow.git_port) as server:
        print(f"Serving {airflow.repositories} on {server.address}", flush=True)
        server.serve_forever()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
