"""The list of projects in Git."""

import pytest
from slipway_core.publish.remote.listing import read_list
from slipway_core.publish.remote.records import GitProject


@pytest.fixture
def read(tmp_path):
    """Write a list and read it."""

    def go(text):
        path = tmp_path / "git.yaml"
        path.write_text(text)
        return read_list(path)

    return go


def test_no_list_is_an_empty_list(tmp_path):
    """Most people have none."""
    assert ((), {}, ()) == read_list(tmp_path / "git.yaml")


def test_an_entry_is_read_with_its_defaults(read):
    """Branch main, the whole repository, no connection."""
    listed = read("projects:\n  shop:\n    remote: https://git.example/shop.git\n")
    assert (GitProject("shop", "https://git.example/shop.git", "main", "", "", 2),) == listed.projects


@pytest.mark.parametrize(
    ("entry", "said"),
    [
        ("branch: main", "names no remote"),
        ("remote: 'ext::sh -c date'", "is of a kind that is not taken"),
        ("remote: ftp://git.example/shop.git", "is of a kind that is not taken"),
        ("remote: --upload-pack=date", "is of a kind that is not taken"),
        ("remote: https://me:t0ken@git.example/shop.git", "holds a user or a password"),
        ("{remote: 'https://me:t0ken@git.example/x', branch: a..b}", "holds a user or a password"),
        ("{remote: /srv/shop.git, branch: '--exec'}", "cannot be the name of a branch"),
        ("{remote: /srv/shop.git, branch: 'a b'}", "cannot be the name of a branch"),
        ("{remote: /srv/shop.git, folder: ../other}", "leads astray"),
        ("{remote: [a]}", "must be text, not a list"),
        ("[a]", "must be a mapping"),
    ],
)
def test_a_wrong_entry_is_refused_with_its_line_and_no_other(read, entry, said):
    """And no password gets into the text."""
    listed = read(f"projects:\n  good:\n    remote: /srv/good.git\n  shop:\n    {entry}\n")
    assert ["good"] == [one.name for one in listed.projects]
    text = "\n".join(problem.render() for problem in listed.refused["shop"])
    assert said in text
    assert "git.yaml, line " in text
    assert "t0ken" not in text


@pytest.mark.parametrize("name", ["../up", "Shop", "a/b", "..", "a b", "''"])
def test_a_name_that_is_none_is_refused(read, name):
    """It becomes a folder."""
    listed = read(f"projects:\n  {name}:\n    remote: /srv/shop.git\n")
    assert () == listed.projects
    assert "cannot be the name of a project" in next(iter(listed.refused.values()))[0].message


@pytest.mark.parametrize("text", ["projects: [", "- a", "projects:\n- a\n", "projects:\n  a: {}\n  a: {}\n"])
def test_a_list_that_is_none_names_nothing_and_says_why(read, text):
    """The publisher then leaves everything as it is."""
    listed = read(text)
    assert () == listed.projects
    assert "git.yaml" == listed.problems[0].file


@pytest.mark.parametrize(
    "remote", ["https://h/x", "http://h:3000/x.git", "ssh://git@h:22/x", "git@h:a/b.git", "/x", "../x", "file:///x"]
)
def test_https_ssh_and_paths_are_taken(read, remote):
    """And nothing else."""
    assert {} == read(f"projects:\n  shop: {{remote: '{remote}'}}\n").refused
