"""An image is made once per state of its sources and pushed only when the registry lacks it."""

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from slipway_cluster import images
from slipway_cluster.images import ImageFailed, hash_of, make, push, run_tool
from slipway_cluster.oci_layout import ImageSpec, read_digest

NAME = "ghcr.io/slipway/thing:1.0"


class Builds:
    """Counts how often an image was made."""

    def __init__(self) -> None:
        self.count = 0

    def __call__(self, scratch: Path) -> ImageSpec:
        self.count += 1
        (scratch / "root").mkdir()
        (scratch / "root" / "file").write_text(str(self.count))
        return ImageSpec([scratch / "root"], ["/file"])


@pytest.fixture(autouse=True)
def _cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SLIPWAY_CACHE", str(tmp_path / "cache"))


@pytest.fixture
def registry(monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, str]]:
    """A registry on a free port that knows the digests in this dictionary."""
    digests: dict[str, str] = {}

    class Answers(BaseHTTPRequestHandler):
        def do_HEAD(self) -> None:
            digest = digests.get(self.path)
            self.send_response(200 if digest else 404)
            self.send_header("Docker-Content-Digest", digest or "")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Keep quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Answers)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    monkeypatch.setattr(images, "REGISTRY", f"127.0.0.1:{server.server_port}")
    yield digests
    server.shutdown()
    server.server_close()


def test_unchanged_sources_are_not_built_again(tmp_path: Path) -> None:
    """The second call finds the first one's image."""
    source, builds = tmp_path / "main.go", Builds()
    source.write_text("one")
    first = make(NAME, [source], builds)
    assert first == make(NAME, [source], builds)
    assert 1 == builds.count


def test_changed_sources_or_recipe_are_built_anew(tmp_path: Path) -> None:
    """A changed byte or version leads to another image."""
    source, builds = tmp_path / "main.go", Builds()
    source.write_text("one")
    made = [make(NAME, [source], builds)]
    source.write_text("two")
    made.append(make(NAME, [source], builds))
    made.append(make(NAME, [source], builds, "go 1.26"))
    assert 3 == len(set(made)) == builds.count


def test_a_build_that_fails_leaves_nothing_in_the_cache(tmp_path: Path) -> None:
    """The next call tries again."""

    def fail(_: Path) -> ImageSpec:
        raise ImageFailed("no compiler")

    with pytest.raises(ImageFailed, match="no compiler"):
        make(NAME, [], fail)
    assert ["thing-1.0"] == [path.name.rpartition("-")[0] for path in (tmp_path / "cache" / "images").iterdir()]
    builds = Builds()
    make(NAME, [], builds)
    assert 1 == builds.count


def test_what_the_registry_has_is_not_pushed(registry: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    """No tool runs when name and digest are there already."""
    monkeypatch.setenv("PATH", "")
    made = make(NAME, [], Builds())
    registry["/v2/slipway/thing/manifests/1.0"] = read_digest(made)
    push(NAME, made)


def test_another_digest_under_the_name_is_replaced(
    registry: dict[str, str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """The image is pushed to the local registry under its path, without the public registry's host."""
    ran: list[list[str]] = []
    monkeypatch.setattr(images, "run_tool", lambda argv, purpose: ran.append(argv))
    registry["/v2/slipway/thing/manifests/1.0"] = "sha256:old"
    made = make(NAME, [], Builds())
    push(NAME, made)
    assert [f"oci:{made}", f"docker://{images.REGISTRY}/slipway/thing:1.0"] == ran[0][-2:]


def test_a_registry_that_is_down_is_named_with_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    """The message says which address was tried and how to start it."""
    monkeypatch.setattr(images, "REGISTRY", "127.0.0.1:1")
    with pytest.raises(ImageFailed, match=r"127\.0\.0\.1:1 does not answer .*slipway cluster up"):
        push(NAME, make(NAME, [], Builds()))


def test_a_failing_tool_is_quoted() -> None:
    """What a tool said last stands in the error."""
    with pytest.raises(ImageFailed, match=r"(?s)Cannot list it: `ls` ended with exit code 2.*No such file"):
        run_tool(["ls", "/nowhere/at/all"], "list it")


def test_byte_code_does_not_change_a_hash(tmp_path: Path) -> None:
    """Running a script must not make its image anew."""
    folder = tmp_path / "runner"
    (folder / "__pycache__").mkdir(parents=True)
    (folder / "run.py").write_text("pass")
    before = hash_of([folder])
    (folder / "__pycache__" / "run.pyc").write_text("x")
    assert before == hash_of([folder])
    (folder / "run.py").rename(folder / "go.py")
    assert before != hash_of([folder])
