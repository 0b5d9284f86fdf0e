"""Writes container images as OCI layouts: folders that `skopeo` pushes, made without Docker.

The same sources give the same bytes: entries are sorted, owned by root and dated 1970, so the digest of an image can be
compared with the registry's before anything is pushed. Layers are not compressed: they travel on one machine only.
"""

import hashlib
import json
import os
import platform
import shutil
import tarfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

_MANIFEST = "application/vnd.oci.image.manifest.v1+json"
_CONFIG = "application/vnd.oci.image.config.v1+json"
_LAYER = "application/vnd.oci.image.layer.v1.tar"
ARCHITECTURES = {"x86_64": "amd64", "aarch64": "arm64"}


@dataclass(frozen=True)
class ImageSpec:
    """What an image consists of.

    :param layers: lowest first; each a folder that looks like the root of a file system, or a finished tar of one
    :param entrypoint: what a container runs, before its arguments
    :param cmd: default arguments
    :param env: variables; the registry shows them to everybody, so no secrets
    :param user: numeric `uid:gid`, which lets Kubernetes check `runAsNonRoot`
    :param workdir: absolute path
    :param ports: TCP ports the image listens on
    """

    layers: Sequence[Path]
    entrypoint: Sequence[str]
    cmd: Sequence[str] = ()
    env: Mapping[str, str] = field(default_factory=dict)
    user: str = "65532:65532"
    workdir: str = "/"
    ports: Sequence[int] = ()


def write_layout(spec: ImageSpec, folder: Path) -> str:
    """Write the image into an empty or missing folder and return the digest of its manifest (`sha256:…`)."""
    blobs = folder / "blobs" / "sha256"
    blobs.mkdir(parents=True)
    layers = [_add_layer(layer, blobs) for layer in spec.layers]
    config = {
        "architecture": ARCHITECTURES.get(platform.machine(), platform.machine()),
        "os": "linux",
        "config": _container_config(spec),
        "rootfs": {"type": "layers", "diff_ids": [layer["digest"] for layer in layers]},
    }
    manifest = {
        "schemaVersion": 2,
        "mediaType": _MANIFEST,
        "config": _add_json(config, _CONFIG, blobs),
        "layers": layers,
    }
    described = _add_json(manifest, _MANIFEST, blobs)
    (folder / "oci-layout").write_text(json.dumps({"imageLayoutVersion": "1.0.0"}))
    (folder / "index.json").write_text(json.dumps({"schemaVersion": 2, "manifests": [described]}))
    return str(described["digest"])


def read_digest(folder: Path) -> str:
    """Return the digest of the manifest in a folder that `write_layout` wrote."""
    digest: str = json.loads((folder / "index.json").read_text())["manifests"][0]["digest"]
    return digest


def write_tar(root: Path, target: Path) -> None:
    """Write a folder as a layer: root's own entry left out, sorted, owned by root, dated 1970; no device files."""
    with tarfile.open(target, "w", format=tarfile.PAX_FORMAT) as tar:
        for parent, folders, files in os.walk(root):
            folders.sort()
            # A link to a folder counts as a folder for os.walk, which does not descend into it.
            for name in sorted([*folders, *files]):
                _add_entry(tar, Path(parent, name), root)


def _add_entry(tar: tarfile.TarFile, path: Path, root: Path) -> None:
    entry = tar.gettarinfo(path, arcname=str(path.relative_to(root)))
    if entry is None or not (entry.isreg() or entry.isdir() or entry.issym() or entry.islnk()):
        return
    entry.mtime = entry.uid = entry.gid = 0
    entry.uname = entry.gname = ""
    if entry.isreg():
        with path.open("rb") as content:
            tar.addfile(entry, content)
    else:
        tar.addfile(entry)


def _container_config(spec: ImageSpec) -> dict[str, object]:
    config: dict[str, object] = {
        "User": spec.user,
        "WorkingDir": spec.workdir,
        "Entrypoint": list(spec.entrypoint),
        "Env": [f"{name}={value}" for name, value in sorted(spec.env.items())],
    }
    if spec.cmd:
        config["Cmd"] = list(spec.cmd)
    if spec.ports:
        config["ExposedPorts"] = {f"{port}/tcp": {} for port in spec.ports}
    return config


def _add_layer(layer: Path, blobs: Path) -> dict[str, object]:
    new = blobs / "new"
    if layer.is_dir():
        write_tar(layer, new)
    else:
        _link_or_copy(layer, new)
    with new.open("rb") as content:
        digest = hashlib.file_digest(content, "sha256").hexdigest()
    size = new.stat().st_size
    new.rename(blobs / digest)
    return {"mediaType": _LAYER, "digest": f"sha256:{digest}", "size": size}


def _link_or_copy(source: Path, target: Path) -> None:
    try:
        target.hardlink_to(source)
    except OSError:  # another file system
        shutil.copyfile(source, target)


def _add_json(value: object, media_type: str, blobs: Path) -> dict[str, object]:
    content = json.dumps(value, sort_keys=True, separators=(",", ":")).encode()
    digest = hashlib.sha256(content).hexdigest()
    (blobs / digest).write_bytes(content)
    return {"mediaType": media_type, "digest": f"sha256:{digest}", "size": len(content)}
