"""The image of the container that holds a pod's network: a static busybox that waits."""

import shutil
from pathlib import Path

from slipway_cluster.images import ensure
from slipway_cluster.oci_layout import ImageSpec

PAUSE_IMAGE = "slipway.local/pause:1"
BUSYBOX = Path("/bin/busybox")  # of Debian's busybox-static

# Process 1 of a container ignores every signal that it does not handle itself; without the trap each pod would take its
# whole grace period to end.
WAIT = 'trap "exit 0" TERM INT; while :; do /bin/busybox sleep 86400 & wait $!; done'


def ensure_pause_image() -> None:
    """Have the pause image in the local registry."""
    ensure(PAUSE_IMAGE, [BUSYBOX], _build, recipe=WAIT)


def _build(scratch: Path) -> ImageSpec:
    programs = scratch / "root" / "bin"
    programs.mkdir(parents=True)
    shutil.copy(BUSYBOX, programs / "busybox")
    return ImageSpec(layers=[scratch / "root"], entrypoint=["/bin/busybox", "sh", "-c", WAIT])
