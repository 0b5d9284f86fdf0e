"""Images come out the same wherever and whenever they are made."""

import json
import os
import tarfile
from pathlib import Path

from slipway_cluster.oci_layout import ImageSpec, read_digest, write_layout, write_tar


def _root(folder: Path, dated: int) -> Path:
    """A small root file system, its files made in another order and at another time each time."""
    names = ["b/program", "a/text"]
    for name in names if dated % 2 else reversed(names):
        path = folder / name
        path.parent.mkdir(parents=True)
        path.write_text(name)
        os.utime(path, (dated, dated))
    (folder / "b" / "program").chmod(0o755)
    (folder / "link").symlink_to("b")
    return folder


def test_the_same_files_give_the_same_digest(tmp_path: Path) -> None:
    """Dates and the order of making do not reach the image."""
    digests = {
        write_layout(ImageSpec([_root(tmp_path / f"root{dated}", dated)], ["/b/program"]), tmp_path / f"image{dated}")
        for dated in (1_000_001, 2_000_002)
    }
    assert 1 == len(digests)
    assert digests == {read_digest(tmp_path / "image1000001")}


def test_layers_hold_links_and_modes_and_belong_to_root(tmp_path: Path) -> None:
    """A layer is what the folder is, apart from dates and owners."""
    write_tar(_root(tmp_path / "root", 1), tmp_path / "layer")
    with tarfile.open(tmp_path / "layer") as tar:
        entries = {entry.name: entry for entry in tar}
    assert ["a", "b", "link", "a/text", "b/program"] == list(entries)
    assert (0o755, 0, 0, 0) == (
        entries["b/program"].mode,
        entries["b/program"].uid,
        entries["b/program"].gid,
        entries["b/program"].mtime,
    )
    assert "b" == entries["link"].linkname


def test_the_config_says_how_a_container_starts(tmp_path: Path) -> None:
    """Every blob lies under its digest, and the configuration holds what the image was asked to have."""
    write_layout(
        ImageSpec([_root(tmp_path / "root", 1)], ["/b/program"], cmd=["-v"], env={"B": "2", "A": "1"}, ports=[9000]),
        tmp_path / "image",
    )
    blobs = tmp_path / "image" / "blobs" / "sha256"
    manifest = json.loads((blobs / read_digest(tmp_path / "image").removeprefix("sha256:")).read_text())
    config = json.loads((blobs / manifest["config"]["digest"].removeprefix("sha256:")).read_text())
    assert {
        "User": "65532:65532",
        "WorkingDir": "/",
        "Entrypoint": ["/b/program"],
        "Cmd": ["-v"],
        "Env": ["A=1", "B=2"],
        "ExposedPorts": {"9000/tcp": {}},
    } == config["config"]
    assert [layer["digest"] for layer in manifest["layers"]] == config["rootfs"]["diff_ids"]
    assert all((blobs / layer["digest"].removeprefix("sha256:")).is_file() for layer in manifest["layers"])


def test_a_finished_tar_is_taken_as_a_layer(tmp_path: Path) -> None:
    """Two images can share a layer that was made once."""
    write_tar(_root(tmp_path / "root", 1), tmp_path / "layer.tar")
    from_tar = write_layout(ImageSpec([tmp_path / "layer.tar"], ["/x"]), tmp_path / "one")
    from_folder = write_layout(ImageSpec([tmp_path / "root"], ["/x"]), tmp_path / "two")
    assert from_folder == from_tar
