"""The images that the demo and its tests run on, each made from the sources of this checkout."""

import os
import platform
import re
import shutil
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from slipway_cluster.images import ImageFailed, hash_of, make, push, run_tool
from slipway_cluster.oci_layout import ImageSpec
from slipway_cluster.places import CHECKOUT
from slipway_cluster.root_filesystem import compile_python, debian
from slipway_cluster.toolchain import NoGo, go_argv, go_env

HELLOSERVICE = "ghcr.io/slipway-samples/helloservice"
HELLOSERVICE_VERSIONS = ("v0.1.1", "v0.1.2")
LOCUST = "ghcr.io/slipway/locust"
PROMETHEUS = "ghcr.io/slipway/prometheus:2.42.0"
ALERTMANAGER = "ghcr.io/slipway/alertmanager:0.25.0"

_LOCK = CHECKOUT / "requirements.lock"
_HELLOSERVICE_SOURCES = CHECKOUT / "include" / "helloservice"
_LOCUST_SOURCES = CHECKOUT / "include" / "locust_image"
# What decides how an image is made, beside its sources.
_MAKERS = hash_of([Path(__file__), Path(__file__).with_name("root_filesystem.py")])
_NOBODY = "65534:65534"
_NOT_FOR_MONITORING = [
    "/usr/bin/promtool",
    "/usr/bin/amtool",
    "/usr/share/perl*",
    "/usr/lib/*/perl*",
    "/usr/share/javascript/moment-timezone/data/*",
    "/usr/share/zoneinfo/*",
]


@dataclass(frozen=True)
class _Recipe:
    name: str
    sources: Sequence[Path]
    build: Callable[[Path], ImageSpec]


def make_all(progress: Callable[[str], None]) -> None:
    """Make every image that the cache does not have; needs no cluster and no registry.

    :param progress: gets one line for each image
    :raises ImageFailed: when a tool fails
    """
    for recipe in _recipes():
        progress(f"image {recipe.name}")
        make(recipe.name, recipe.sources, recipe.build, _MAKERS)


def ensure_all(progress: Callable[[str], None]) -> None:
    """Have every image in the local registry, making what the cache does not have.

    :param progress: gets one line for each image
    :raises ImageFailed: when a tool fails or the registry does not answer
    """
    for recipe in _recipes():
        progress(f"image {recipe.name}")
        push(recipe.name, make(recipe.name, recipe.sources, recipe.build, _MAKERS))


def locust_name() -> str:
    """Return the name of the Locust image; its tag is the version that the lock file pins."""
    return f"{LOCUST}:{_locust_version()}"


def _recipes() -> list[_Recipe]:
    service = [
        _Recipe(f"{HELLOSERVICE}:{version}", _go_sources(_HELLOSERVICE_SOURCES), partial(_helloservice, version))
        for version in HELLOSERVICE_VERSIONS
    ]
    runner = sorted(_LOCUST_SOURCES.glob("*.py"))
    return [
        *service,
        _Recipe(locust_name(), [*runner, _LOCK], _locust),
        _Recipe(PROMETHEUS, [], partial(_from_debian, "/usr/bin/prometheus", 9090)),
        _Recipe(ALERTMANAGER, [], partial(_from_debian, "/usr/bin/prometheus-alertmanager", 9093)),
    ]


def _go_sources(folder: Path) -> list[Path]:
    sources = [path for path in folder.glob("*.go") if not path.name.endswith("_test.go")]
    return sorted([*sources, folder / "go.mod", folder / "go.sum"])


def _helloservice(version: str, scratch: Path) -> ImageSpec:
    root = scratch / "root"
    root.mkdir()
    try:
        go = go_argv()
    except NoGo as error:
        raise ImageFailed(f"Cannot build helloservice: {error}") from error
    flags = ["-trimpath", "-buildvcs=false", "-ldflags", f"-s -w -X main.version={version}"]
    run_tool(
        [*go, "build", *flags, "-o", str(root / "helloservice"), "."],
        f"build helloservice {version}",
        cwd=_HELLOSERVICE_SOURCES,
        env={**os.environ, **go_env(), "CGO_ENABLED": "0"},
    )
    return ImageSpec(layers=[root], entrypoint=["/helloservice"], ports=[9000])


def _locust(scratch: Path) -> ImageSpec:
    python = debian(
        ["python3.11", "libpython3.11-stdlib", "libstdc++6"],
        ["/usr/lib/python3.11/pydoc_data/*", "/usr/lib/*/gconv/*"],
        python_folder="usr/lib/python3.11",
    )
    site, own = scratch / "locust" / "opt" / "locust", scratch / "runner" / "opt" / "slipway"
    site.mkdir(parents=True)
    own.mkdir(parents=True)
    _install_locust(site)
    compile_python(site, Path("/opt/locust"))
    for source in _LOCUST_SOURCES.glob("*.py"):
        shutil.copyfile(source, own / source.name)
    return ImageSpec(
        layers=[python, scratch / "locust", scratch / "runner"],
        entrypoint=["/usr/bin/python3.11", "/opt/slipway/run_load.py"],
        env={"PYTHONPATH": "/opt/locust", "PYTHONDONTWRITEBYTECODE": "1", "HOME": "/tmp", "LANG": "C.UTF-8"},  # noqa: S108
        user=_NOBODY,
        workdir="/scripts",
    )


def _install_locust(site: Path) -> None:
    """Install the locked Locust, and what it needs, for the image's Python and C library."""
    platform_name = f"{platform.machine()}-manylinux_2_28"
    for_the_image = ["--python-version", "3.11", "--python-platform", platform_name, "--only-binary", ":all:"]
    run_tool(
        [
            *[sys.executable, "-m", "uv", "pip", "install", "--quiet", "--link-mode", "copy", "--target", str(site)],
            *for_the_image,
            *["--constraint", str(_LOCK), f"locust=={_locust_version()}"],
        ],
        "install Locust for its image",
    )
    shutil.rmtree(site / "bin", ignore_errors=True)


def _locust_version() -> str:
    found = re.search(r"^locust==(\S+)", _LOCK.read_text(), re.MULTILINE)
    if found is None:
        raise ImageFailed(f"{_LOCK} pins no version of locust; add it to requirements.txt and lock again.")
    return found[1]


def _from_debian(program: str, port: int, _scratch: Path) -> ImageSpec:
    """Both monitoring images have the same only layer."""
    layer = debian(["prometheus", "prometheus-alertmanager"], _NOT_FOR_MONITORING)
    return ImageSpec(layers=[layer], entrypoint=[program], user=_NOBODY, ports=[port])
