"""Makes container images without Docker and puts them where the embedded cluster finds them.

An image is made once per state of its sources, in the cache, and pushed by `skopeo` to the local registry, which is the
mirror of every registry inside the cluster: `ghcr.io/slipway/locust:2.47.0` is pushed as
`127.0.0.1:5500/slipway/locust:2.47.0` and pulled by charts under its public name.
"""

import fcntl
import hashlib
import shutil
import subprocess
import tempfile
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from slipway_cluster.debian import PackagesUnavailable, install_tools
from slipway_cluster.oci_layout import ImageSpec, read_digest, write_layout
from slipway_cluster.places import cache_dir
from slipway_cluster.registry import REGISTRY

# Goes into every image's hash: count up when the writer changes what it writes.
_FORMAT = "1"
# Tools whose package has the same name.
_DEBIAN_TOOLS = {"skopeo", "mmdebstrap"}


class ImageFailed(RuntimeError):
    """An image could not be made or pushed. The message ends with the last lines of the tool that failed."""


def ensure(name: str, sources: Sequence[Path], build: Callable[[Path], ImageSpec], recipe: str = "") -> None:
    """Have the image in the local registry: make it unless the cache has it, push it unless the registry has it.

    :param name: public name with registry and tag, such as `ghcr.io/slipway/locust:2.47.0`
    :param sources: files and folders the image is made from; a changed byte makes a new image
    :param build: gets an empty scratch folder, returns what the image consists of
    :param recipe: what else decides the result, such as package versions
    :raises ImageFailed: when a tool fails or the registry does not answer
    """
    push(name, make(name, sources, build, recipe))


def make(name: str, sources: Sequence[Path], build: Callable[[Path], ImageSpec], recipe: str = "") -> Path:
    """Make the image unless the cache has it, and return its folder there; needs no registry. As `ensure`."""
    label = name.rpartition("/")[2].replace(":", "-")
    folder = cache_dir() / "images" / f"{label}-{hash_of(sources, name, recipe, _FORMAT)}"
    with locked(folder.with_suffix(f"{folder.suffix}.lock")):
        if not folder.exists():
            with tempfile.TemporaryDirectory(dir=folder.parent, prefix="making-") as scratch:
                work = Path(scratch, "work")
                work.mkdir()
                write_layout(build(work), Path(scratch, "layout"))
                Path(scratch, "layout").rename(folder)
    return folder


def push(name: str, folder: Path) -> None:
    """Push a made image to the local registry, unless that already has the same digest under this name."""
    path, _, tag = name.partition("/")[2].rpartition(":")
    if _registry_digest(path, tag) == read_digest(folder):
        return
    target = f"docker://{REGISTRY}/{path}:{tag}"
    run_tool(
        # Without a policy file of its own, skopeo refuses every image; these are our own.
        [
            "skopeo",
            "copy",
            "--insecure-policy",
            "--preserve-digests",
            "--dest-tls-verify=false",
            f"oci:{folder}",
            target,
        ],
        f"push {name} to the registry on {REGISTRY}",
    )


def hash_of(sources: Sequence[Path], *more: str) -> str:
    """Return a short hash of the names and contents of files (folders: all files below) and of further texts.

    Python's byte code is left out, for it comes and goes without a change of the sources.
    """
    digest = hashlib.sha256()
    for text in more:
        digest.update(f"{len(text)}:{text}\n".encode())
    for source in sources:
        below = source.rglob("*") if source.is_dir() else [source]
        for path in sorted(path for path in below if path.is_file() and "__pycache__" not in path.parts):
            content = path.read_bytes()
            digest.update(f"{path.relative_to(source.parent)}:{len(content)}\n".encode() + content)
    return digest.hexdigest()[:16]


def run_tool(argv: Sequence[str], purpose: str, cwd: Path | None = None, env: dict[str, str] | None = None) -> None:
    """Run a command to its end.

    :param purpose: what it is for, as in "cannot <purpose>"
    :raises ImageFailed: with what it printed last
    """
    _find_tool(argv[0], purpose)
    done = subprocess.run(argv, capture_output=True, text=True, check=False, cwd=cwd, env=env)
    if done.returncode:
        last = "\n  ".join((done.stdout + done.stderr).strip().splitlines()[-12:])
        raise ImageFailed(f"Cannot {purpose}: `{argv[0]}` ended with exit code {done.returncode}.\n  {last}")


def _find_tool(name: str, purpose: str) -> None:
    if shutil.which(name):
        return
    try:
        if name in _DEBIAN_TOOLS:
            install_tools([name])
            return
    except PackagesUnavailable as error:
        raise ImageFailed(f"Cannot {purpose}: {error}") from error
    raise ImageFailed(f"Cannot {purpose}: there is no `{name}` on this machine.")


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold a lock file; a second process that makes the same thing waits here instead of making it twice."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _registry_digest(path: str, tag: str) -> str | None:
    accept = {"Accept": "application/vnd.oci.image.manifest.v1+json"}
    url = f"http://{REGISTRY}/v2/{path}/manifests/{tag}"
    ask = urllib.request.Request(url, headers=accept, method="HEAD")
    try:
        with _no_proxy.open(ask, timeout=10) as answer:
            digest: str | None = answer.headers["Docker-Content-Digest"]
            return digest
    except urllib.error.HTTPError as error:
        if error.code == 404:
            return None
        raise ImageFailed(f"The local registry answered {error.code} to {url}.") from error
    except OSError as error:
        reason = getattr(error, "reason", error)
        raise ImageFailed(
            f"The local registry on {REGISTRY} does not answer ({reason}). Start it with `./slipway cluster up`."
        ) from error


_no_proxy = urllib.request.build_opener(urllib.request.ProxyHandler({}))
