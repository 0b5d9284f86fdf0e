"""Root file systems for images, out of Debian's packages."""

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from slipway_cluster.images import hash_of, locked, run_tool
from slipway_cluster.oci_layout import write_tar
from slipway_cluster.places import cache_dir

# The images' tags name versions of this release, whatever the machine itself runs.
SUITE = "bookworm"
_NOBODY_WANTS = [
    "/usr/share/doc/*",
    "/usr/share/man/*",
    "/usr/share/locale/*",
    "/usr/share/lintian/*",
    "/usr/share/bug/*",
]
_ACCOUNTS = "root:x:0:0:root:/:/usr/sbin/nologin\nnobody:x:65534:65534:nobody:/tmp:/usr/sbin/nologin\n"
_GROUPS = "root:x:0:\nnogroup:x:65534:\n"


def debian(packages: Sequence[str], left_out: Sequence[str] = (), python_folder: str = "") -> Path:
    """Return a layer (a tar in the cache) with packages and what they depend on; about 15 s the first time.

    The packages are unpacked only: no script of theirs runs, so no daemon starts and nothing that such a script makes
    (such as `/etc/ssl/certs`) exists. There are two accounts, root and nobody.

    :param packages: names; versions are those of the release
    :param left_out: patterns of absolute paths that are not unpacked
    :param python_folder: folder (from the root) whose Python files get their byte code
    :raises slipway_cluster.images.ImageFailed: when the packages cannot be had
    """
    recipe = [SUITE, *packages, "-", *left_out, "-", python_folder]
    layer = cache_dir() / "images" / f"debian-{packages[0]}-{hash_of([Path(__file__)], *recipe)}.tar"
    with locked(layer.with_suffix(".lock")):
        if not layer.exists():
            with TemporaryDirectory(dir=layer.parent, prefix="making-") as scratch:
                root = Path(scratch, "root")
                _unpack(packages, [*_NOBODY_WANTS, *left_out], root)
                if python_folder:
                    compile_python(root / python_folder, Path("/", python_folder))
                write_tar(root, Path(scratch, "layer"))
                Path(scratch, "layer").rename(layer)
    return layer


def compile_python(folder: Path, seen_as: Path) -> None:
    """Add byte code to the Python 3.11 files of a folder that lies at `seen_as` in the image.

    A container with a read-only file system cannot keep byte code and would compile everything at each start. The
    usual byte code is checked against the source's date, which a layer does not keep; this kind is not checked.
    Without Python 3.11 on this machine nothing is added: slower to start, otherwise the same.
    """
    if sys.version_info[:2] == (3, 11):
        options = ["-q", "-j", "2", "--invalidation-mode", "unchecked-hash", "-s", str(folder), "-p", str(seen_as)]
        subprocess.run([sys.executable, "-m", "compileall", *options, str(folder)], check=False, capture_output=True)


def _unpack(packages: Sequence[str], left_out: Sequence[str], root: Path) -> None:
    excludes = [f"--dpkgopt=path-exclude={pattern}" for pattern in left_out]
    chosen = f"--include={','.join(packages)}"
    run_tool(
        ["mmdebstrap", "--quiet", "--variant=extract", chosen, *excludes, SUITE, str(root)],
        f"unpack {', '.join(packages)} of Debian {SUITE}",
    )
    (root / "etc" / "passwd").write_text(_ACCOUNTS)
    (root / "etc" / "group").write_text(_GROUPS)
    root.chmod(0o755)
