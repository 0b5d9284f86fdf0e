"""Files of a repository, looked at before they become a project's folder."""

import time

import pytest
from slipway_core.publish.remote.layout import Placed
from slipway_core.publish.remote.mirror import RemoteFile
from slipway_core.publish.remote.work_tree import check_contents


def problems(content, path="a.yaml"):
    """Return the line and message of what is wrong with a file."""
    placed = Placed("main", path, path, RemoteFile("100644", "1", len(content)))
    found = check_contents([placed], {"1": content}, {path: f"shop/{path}"})
    return [(one.line, one.message) for one in found]


@pytest.mark.parametrize("end", [b"\n", b"\r\n"])
def test_a_conflict_begins_at_its_first_mark(end):
    """Whatever ends a line."""
    text = end.join([b"a: 1", b"<<<<<<< HEAD", b"<<<<<<< b", b"=======", b"=======", b">>>>>>> c", b""])
    assert [(2, "a merge conflict was committed here.")] == problems(text)


@pytest.mark.parametrize(
    "text",
    [
        b"=======\n<<<<<<< a\n>>>>>>> b\n",
        b"<<<<<<< a\n>>>>>>> b\n=======\n",
        b"<<<<<<< a\n=======\n",
        b"<<<<<<<\n=======\n>>>>>>>\n",
        b" <<<<<<< a\n=======\n>>>>>>> b\n",
        b"",
    ],
)
def test_marks_that_make_no_conflict_are_text(text):
    """All three are needed, in their order, at the beginning of a line."""
    assert [] == problems(text)


def test_marks_without_end_take_no_time():
    """Somebody's small file must not hold up the projects of others."""
    begun = time.thread_time()
    assert [] == problems(b"<<<<<<< a\n" * 300 + b"=======\n" * 300)
    assert [] == problems(b"<<<<<<< a\n" * 40_000 + b"=======\n" * 60_000)
    assert time.thread_time() - begun < 2
