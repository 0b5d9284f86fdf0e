"""Archives that nobody made with `helm package`."""

from __future__ import annotations

import io
import tarfile
from pathlib import Path

import pytest
from slipway_core.publish.chart_archives import check_archive


def archive(path: Path, *names: str, link: str = "") -> Path:
    """Write an archive with members of these names; the last one is a link when `link` says where to."""
    with tarfile.open(path, "w:gz") as made:
        for name in names:
            member = tarfile.TarInfo(name)
            if link and name == names[-1]:
                member.type, member.linkname = tarfile.SYMTYPE, link
            made.addfile(member, io.BytesIO())
    return path


def test_an_ordinary_chart_is_fine(tmp_path: Path) -> None:
    """Dots within names are no harm."""
    assert check_archive(archive(tmp_path / "carts.tgz", "carts/Chart.yaml", "carts/a..b/x"), "carts.tgz") == []


@pytest.mark.parametrize("name", ["../evil.yaml", "carts/../../evil.yaml", "/etc/evil", "carts\\..\\..\\evil"])
def test_a_member_that_climbs_out_is_named(tmp_path: Path, name: str) -> None:
    """Whichever way it does it."""
    (problem,) = check_archive(archive(tmp_path / "carts.tgz", "carts/Chart.yaml", name), "shop/carts.tgz")
    assert problem.file == "shop/carts.tgz"
    assert "climbs out" in problem.message


def test_a_link_that_leads_out_is_named(tmp_path: Path) -> None:
    """A link is a way out, too."""
    (problem,) = check_archive(archive(tmp_path / "carts.tgz", "carts/values.yaml", link="../../secret"), "carts.tgz")
    assert "leads out" in problem.message


@pytest.mark.parametrize("content", [b"", b"not an archive", b"\x1f\x8b\x08 cut"])
def test_what_is_no_archive_is_said_so(tmp_path: Path, content: bytes) -> None:
    """Helm would say so, too, but only in the middle of a delivery."""
    (tmp_path / "carts.tgz").write_bytes(content)
    (problem,) = check_archive(tmp_path / "carts.tgz", "carts.tgz")
    assert "no chart archive" in problem.message
