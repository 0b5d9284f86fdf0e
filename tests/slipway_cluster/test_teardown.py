"""What goes when a cluster goes, and what must not."""

import json
from pathlib import Path

import pytest
from slipway_cluster import teardown
from slipway_cluster.teardown import mounts_below, remove_state

MOUNTINFO = """22 1 254:0 / / rw - ext4 /dev/vda rw
40 22 0:40 / /w/state rw - tmpfs tmpfs rw
41 40 0:41 / /w/state/kubelet/pods/a/volumes/token rw - tmpfs tmpfs rw
42 40 0:42 / /w/state/with\\040space rw - tmpfs tmpfs rw
43 22 0:43 / /w/state-of-somebody-else rw - tmpfs tmpfs rw
"""


def test_mounts_are_found_innermost_first() -> None:
    """With their real names; a folder that only begins alike is not ours."""
    expected = ["/w/state/kubelet/pods/a/volumes/token", "/w/state/with space", "/w/state"]
    assert expected == mounts_below(Path("/w/state"), MOUNTINFO)


def test_places_that_were_there_before_stay(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Only what the cluster made is removed with it."""
    there, made, state = tmp_path / "there", tmp_path / "made", tmp_path / "state"
    for folder in (there, state):
        folder.mkdir()
    monkeypatch.setattr(teardown, "FIXED_PLACES", (str(there), str(made)))
    teardown.remember_places(state)
    made.mkdir()
    remove_state(state)
    assert [there] == sorted(tmp_path.iterdir())


def test_a_damaged_record_names_no_place_outside_the_list(tmp_path: Path) -> None:
    """Never delete a path only because a file says so."""
    precious, state = tmp_path / "precious", tmp_path / "state"
    precious.mkdir()
    state.mkdir()
    (state / "places-made.json").write_text(json.dumps([str(precious)]))
    remove_state(state)
    assert precious.exists()
