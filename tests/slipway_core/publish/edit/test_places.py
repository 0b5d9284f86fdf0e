"""Changes of a project in a folder and in Git; nobody's work is lost."""

import threading

import pytest
from slipway_core.keptn.problems import RemoteFailed
from slipway_core.publish.edit import operations
from slipway_core.publish.edit.places import TRIES, FolderPlace, GitPlace
from slipway_core.publish.remote.mirror import Mirror
from slipway_core.publish.remote.records import GitProject

from tests.slipway_core.publish.remote.conftest import FOLDERS, OURS, SHIPYARD, Remote, by_branches


@pytest.fixture
def remote(tmp_path):
    """An empty repository."""
    return Remote(tmp_path / "origin.git")


def place(remote, folder="", name="mirror"):
    """Return where the project in it is changed."""
    project = GitProject("shop", str(remote.folder), "main", "", folder, 1)
    return GitPlace(project, Mirror(remote.folder.parent / name, str(remote.folder)), pause=0.0)


def add(path, text="x", **flags):
    """Return an edit that adds a file."""
    return lambda view: operations.add_resource(view, path, text.encode(), **flags)


def test_a_project_is_made_in_an_empty_repository(remote):
    """With a commit that says what it is."""
    place(remote).change(lambda view: operations.create_project(view, SHIPYARD.encode()), "shop: a new project")
    assert ["shipyard.yaml"] == remote.paths()


def test_a_repository_with_a_project_is_not_made_anew(remote):
    """409 in Keptn (sequences.md 8.1)."""
    remote.commit(OURS)
    with pytest.raises(operations.ChangeRefused, match="slipway import"):
        place(remote).change(lambda view: operations.create_project(view, SHIPYARD.encode()), "")


def test_all_branches_of_a_change_move_together(remote):
    """R71: a new service comes to every stage at once."""
    by_branches(remote)
    before = remote.head()
    place(remote).change(lambda view: operations.create_services(view, ["api"]), "api")
    assert all("api/metadata.yaml" in remote.paths(stage) for stage in ("qa", "production"))
    assert before == remote.head()


@pytest.mark.parametrize("files", [OURS, FOLDERS])
def test_services_are_found_in_every_layout(remote, files):
    """By their folders."""
    remote.commit(files)
    assert (("qa", "production"), ("carts",)) == (place(remote).view().stages, place(remote).view().services)


def test_services_named_in_slipway_yaml_go_before_folders(remote):
    """As for publishing."""
    remote.commit({**OURS, "slipway.yaml": "services: [api]\n", "docs/readme.txt": "x"})
    assert (("api",), ("api",)) == (place(remote).view().services, place(remote).view().named)


def test_a_project_in_a_folder_of_a_repository_is_changed_there(remote):
    """And nothing beside it."""
    remote.commit({f"delivery/{path}": content for path, content in OURS.items()} | {"README.md": "hello"})
    place(remote, "delivery").change(add("new.yaml"), "new")
    assert {"README.md", "delivery/new.yaml", "delivery/shipyard.yaml"} <= set(remote.paths())


def test_a_push_that_came_too_late_is_made_anew_on_the_newest_state(remote):
    """Neither side is lost."""
    remote.commit(OURS)
    others = iter(["theirs-1.yaml", "theirs-2.yaml"])

    def edit(view):
        for path in others:  # somebody pushes while we work, twice
            remote.commit({path: "theirs"})
            break
        return add("ours.yaml")(view)

    place(remote).change(edit, "ours")
    assert {"ours.yaml", "theirs-1.yaml", "theirs-2.yaml"} <= set(remote.paths())


def test_a_service_that_somebody_else_made_meanwhile_is_seen(remote):
    """The change is worked out again, not only pushed again."""
    remote.commit(OURS)
    tries = iter([True])

    def edit(view):
        for _ in tries:
            remote.commit({"api/metadata.yaml": "theirs"})
        return operations.create_services(view, ["api"])

    with pytest.raises(operations.ChangeRefused, match="There is a service 'api' already"):
        place(remote).change(edit, "api")
    assert "theirs" == remote.text("api/metadata.yaml")


def test_one_who_always_comes_too_late_is_told(remote):
    """After a bounded number of tries; Keptn said nothing."""
    remote.commit(OURS)
    counted = []

    def edit(view):
        counted.append(1)
        remote.commit({f"theirs-{len(counted)}.yaml": "theirs"})
        return add("ours.yaml")(view)

    with pytest.raises(RemoteFailed, match=r"others pushed faster, 5 times\.\nTry again; nothing is lost\."):
        place(remote).change(edit, "ours")
    assert TRIES == len(counted)
    assert "ours.yaml" not in remote.paths()


def test_many_at_once_lose_nothing(remote):
    """Each of them finds its file in the end."""
    remote.commit(OURS)
    failed = []

    def work(number):
        for _ in range(10):  # a person tries again, too
            try:
                place(remote, name=f"mirror-{number}").change(add(f"file-{number}.yaml"), "one of many")
                return
            except RemoteFailed:
                continue
        failed.append(number)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [] == failed
    assert {f"file-{number}.yaml" for number in range(3)} <= set(remote.paths())


def test_a_script_stays_executable_when_it_is_replaced(remote):
    """Only its content changes."""
    remote.commit({**OURS, "run.sh": ("100755", "old")})
    place(remote).change(add("run.sh", "new"), "run.sh")
    assert "new" == remote.text("run.sh")
    assert 1 == sum(one.mode == "100755" for one in place(remote).mirror.files(remote.head()).values())


def test_a_folder_is_changed_in_place(tmp_path):
    """And is a project afterwards."""
    folder = FolderPlace(tmp_path / "shop")
    folder.change(lambda view: operations.create_project(view, SHIPYARD.encode()), "")
    folder.change(lambda view: operations.create_services(view, ["carts", "api"]), "")
    folder.change(add("slo.yaml", stage="qa", service="api"), "")
    assert ("api", "carts") == folder.view().services
    folder.change(lambda view: operations.delete_service(view, "api"), "")
    assert ("carts",) == folder.view().services
    files = sorted(str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*") if path.is_file())
    assert ["shop/carts/metadata.yaml", "shop/shipyard.yaml"] == files


def test_what_git_does_not_take_is_said_so_and_nothing_is_pushed(remote):
    """Git itself only warns of names that are its own on some machine."""
    before = remote.commit(OURS)
    with pytest.raises(operations.ChangeRefused, match=r"Git takes no file called 'carts/\.git\./config'"):
        place(remote).change(add("carts/.git./config"), "")
    assert before == remote.head()


@pytest.fixture
def shop(tmp_path):
    """A project in a folder, with a service."""
    folder = FolderPlace(tmp_path / "shop")
    folder.change(lambda view: operations.create_project(view, SHIPYARD.encode()), "")
    folder.change(lambda view: operations.create_services(view, ["carts", "api"]), "")
    return folder


@pytest.mark.parametrize(
    ("uri", "said"),
    [
        ("out/evil.json", "'out' is a file or a link"),
        ("out/carts/evil.json", "'out' is a file or a link"),
        ("loop/evil.json", "'loop' is a file or a link"),
        ("empty", "there is a folder of this name"),
    ],
)
def test_nothing_is_written_through_a_link_or_over_a_folder(shop, tmp_path, uri, said):
    """A link may lead out of the project; an empty folder is in no view."""
    (tmp_path / "elsewhere/carts").mkdir(parents=True)
    (shop.folder / "out").symlink_to("../elsewhere")
    (shop.folder / "loop").symlink_to("loop")
    (shop.folder / "empty").mkdir()
    with pytest.raises(operations.ChangeRefused, match=said):
        shop.change(add(uri), "")
    assert [] == [path for path in (tmp_path / "elsewhere").rglob("*") if path.is_file()]


def test_a_deleted_service_is_gone_whatever_python_left_in_it(shop):
    """A cache is no file of a service; other folders are nobody's business."""
    (shop.folder / "api/load/__pycache__").mkdir(parents=True)
    (shop.folder / "api/load/__pycache__/basic.pyc").touch()
    (shop.folder / "api/load/empty").mkdir()
    (shop.folder / ".git/refs/tags").mkdir(parents=True)
    (shop.folder / "carts/__pycache__").mkdir()
    shop.change(lambda view: operations.delete_service(view, "api"), "")
    assert ("carts",) == shop.view().services
    assert not (shop.folder / "api").exists()
    assert (shop.folder / "carts/__pycache__").is_dir()
    assert (shop.folder / ".git/refs/tags").is_dir()
