"""Entries put into the list of projects in Git, and taken out."""

import pytest
from slipway_core.publish.edit.list_file import add_entry, remove_entry
from slipway_core.publish.edit.view import ChangeRefused
from slipway_core.publish.remote.listing import read_list
from slipway_core.publish.remote.records import GitProject

SHOP = GitProject("shop", "https://git.example:8443/a/shop.git", "master", "git_acme", "deli very", 0)
BLOG = GitProject("blog", "git@git.example:a/blog.git", "main", "", "", 0)
LIST = """\
# ours
projects:
  # the first
  shop:
    remote: /srv/shop.git  # here

  blog:
    remote: /srv/blog.git
# the end
"""


@pytest.fixture
def path(tmp_path):
    """Where the list is."""
    return tmp_path / "git.yaml"


def names(path):
    """Return the projects of the list."""
    return [one.name for one in read_list(path).projects]


def test_what_was_added_is_read_again(path):
    """With all that it says."""
    add_entry(path, SHOP)
    add_entry(path, BLOG)
    assert [SHOP, BLOG] == [one._replace(line=0) for one in read_list(path).projects]


@pytest.mark.parametrize("text", [LIST, "projects:\n", "projects: {}\n", "", "# nothing yet\n"])
def test_an_entry_comes_behind_the_others(path, text):
    """Comments stay."""
    path.write_text(text)
    before = names(path) if "blog" in text else []
    add_entry(path, SHOP._replace(name="third"))
    assert [*before, "third"] == names(path)
    assert all(line in path.read_text() for line in text.splitlines() if line.strip().startswith("#"))


def test_an_entry_is_taken_out_alone(path):
    """Comments of others stay."""
    path.write_text(LIST)
    remove_entry(path, "shop")
    assert ["blog"] == names(path)
    assert "# ours" in path.read_text()
    remove_entry(path, "blog")
    assert [] == names(path)
    assert "# the end" in path.read_text()


def test_a_list_written_in_another_way_is_left_alone(path):
    """The person is told what to write."""
    path.write_text("projects: {shop: {remote: /srv/shop.git}, old: {remote: /srv/old.git}}\n")
    with pytest.raises(ChangeRefused, match="Write yourself"):
        add_entry(path, BLOG)
    with pytest.raises(ChangeRefused, match="Write yourself"):
        remove_entry(path, "shop")
    assert ["shop", "old"] == names(path)
    assert [path] == list(path.parent.iterdir())


def test_a_name_is_listed_once(path):
    """And what is not there cannot be taken out."""
    add_entry(path, SHOP)
    with pytest.raises(ChangeRefused, match="names a project 'shop' already"):
        add_entry(path, SHOP)
    with pytest.raises(ChangeRefused, match="names no project 'blog'"):
        remove_entry(path, "blog")


def test_an_entry_that_could_not_be_read_is_not_put_in(path):
    """It is said what is wrong with it; one that is there already can be taken out."""
    path.write_text("projects:\n  blog: {remote: /srv/blog.git}\n  shop: {remote: /srv/shop.git, folder: ../x}\n")
    before = path.read_text()
    with pytest.raises(ChangeRefused, match=r"folder '\.\./y' leads astray\. Name a folder inside the repository\."):
        add_entry(path, SHOP._replace(name="third", folder="../y"))
    assert before == path.read_text()
    assert [path] == list(path.parent.iterdir())
    add_entry(path, SHOP._replace(name="third"))
    remove_entry(path, "shop")
    assert (["blog", "third"], {}) == (names(path), read_list(path).refused)
