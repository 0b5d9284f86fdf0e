"""What can be changed of a project, as `keptn create`, `delete` and `add-resource` did."""

import pytest
from slipway_core.keptn.problems import InvalidFile
from slipway_core.publish.edit import operations
from slipway_core.publish.edit.view import ChangeRefused, Spot, View
from slipway_core.publish.load import BRANCHES
from slipway_core.publish.remote.layout import FOLDERS, OURS

from tests.slipway_core.publish.remote.conftest import SHIPYARD


def view(layout=OURS, stages=("qa", "production"), services=("carts",), named=(), files=None):
    """Return a project; ``files`` is path → content, on the default branch."""
    contents = {Spot("main", path): text.encode() for path, text in (files or {"shipyard.yaml": SHIPYARD}).items()}
    if layout == BRANCHES:
        contents |= {Spot(stage, "carts/metadata.yaml"): b"" for stage in stages}
    return View("main", layout, stages, services, named, frozenset(contents), contents.__getitem__)


def spots(changes):
    """Return where something changes, in order."""
    return [tuple(spot) for spot in sorted(changes)]


@pytest.mark.parametrize("name", ["Carts_v1.2", "a", "x" * 43, "über"])
def test_a_service_may_be_called_as_keptn_took_it(name):
    """R71: upper case, dots and underscores are fine."""
    assert [("main", f"{name}/metadata.yaml")] == spots(operations.create_services(view(), [name]))


@pytest.mark.parametrize("name", ["a/b", "a:b", "x" * 44, "", "..", ".", "a b", "a&b", "a|b", "<a", "a>"])
def test_a_service_with_a_forbidden_name_is_refused(name):
    """R71: it becomes a folder."""
    with pytest.raises(ChangeRefused, match="Choose another name"):
        operations.create_services(view(), [name])


@pytest.mark.parametrize(
    ("layout", "expected"),
    [
        (OURS, [("main", "api/metadata.yaml")]),
        (FOLDERS, [("main", f".keptn-stages/{stage}/api/metadata.yaml") for stage in ("production", "qa")]),
        (BRANCHES, [(stage, "api/metadata.yaml") for stage in ("production", "qa")]),
    ],
)
def test_a_new_service_is_in_every_stage(layout, expected):
    """R71: in our layout one folder holds for all stages, in Keptn's there is one in each."""
    assert expected == spots(operations.create_services(view(layout), ["api"]))


def test_a_service_that_exists_is_refused():
    """R71: 409 in Keptn."""
    with pytest.raises(ChangeRefused, match="There is a service 'carts' already"):
        operations.create_services(view(), ["carts"])


def test_services_named_in_a_file_are_changed_there():
    """A folder alone would change nothing."""
    named = view(named=("carts",))
    with pytest.raises(ChangeRefused, match=r"slipway\.yaml names the services"):
        operations.create_services(named, ["api"])
    with pytest.raises(ChangeRefused, match=r"slipway\.yaml names the services"):
        operations.delete_service(named, "carts")


def test_deleting_a_service_removes_its_folder_from_every_stage():
    """And nothing that only begins like it (sequences.md 8.1)."""
    files = ["carts/a", "carts-db/a", "stages/qa/carts/b/c", "stages/qa/carts.yaml", "shipyard.yaml"]
    changes = operations.delete_service(view(files=dict.fromkeys(files, SHIPYARD)), "carts")
    assert {Spot("main", "carts/a"): None, Spot("main", "stages/qa/carts/b/c"): None} == changes
    assert [("production", "carts/metadata.yaml"), ("qa", "carts/metadata.yaml")] == spots(
        operations.delete_service(view(BRANCHES), "carts")
    )


def test_an_update_of_the_shipyard_must_keep_its_stages():
    """R72: adding, removing or renaming one is refused, for its files would be missing or lost."""
    added = f"{SHIPYARD}    - name: later\n      sequences: []\n"
    for changed in (added, SHIPYARD.replace("name: qa", "name: dev").replace("qa.delivery", "dev.delivery")):
        with pytest.raises(ChangeRefused, match="The stages would change from qa, production"):
            operations.add_resource(view(), "shipyard.yaml", changed.encode())


def test_an_update_of_the_shipyard_may_change_sequences():
    """R72: a sequence more is fine, and so is another order."""
    more = SHIPYARD.replace(
        "        - name: delivery\n", "        - name: other\n          tasks: []\n        - name: delivery\n", 1
    )
    assert [("main", "shipyard.yaml")] == spots(operations.add_resource(view(), "shipyard.yaml", more.encode()))


def test_an_invalid_shipyard_is_refused():
    """R72: with file and line."""
    with pytest.raises(InvalidFile, match=r"shipyard\.yaml, line 1"):
        operations.add_resource(view(), "shipyard.yaml", SHIPYARD.replace("0.2.2", "0.1.9").encode())


@pytest.mark.parametrize(
    ("layout", "expected"),
    [
        (BRANCHES, [("production", "s/job/config.yaml"), ("qa", "s/job/config.yaml")]),
        (FOLDERS, [("main", f".keptn-stages/{stage}/s/job/config.yaml") for stage in ("production", "qa")]),
        (OURS, [("main", f"stages/{stage}/s/job/config.yaml") for stage in ("production", "qa")]),
    ],
)
def test_a_resource_for_a_service_in_all_stages_goes_into_each(layout, expected):
    """R73: `s/job/config.yaml` in each stage branch, or in what stands for one."""
    given = view(layout, services=("s",))
    changes = operations.add_resource(given, "job/config.yaml", b"x", all_stages=True, service="s")
    assert expected == spots(changes)


@pytest.mark.parametrize(
    ("flags", "expected"),
    [
        ({}, [("main", "a.yaml")]),
        ({"stage": "qa"}, [("qa", "a.yaml")]),
        ({"all_stages": True}, [("production", "a.yaml"), ("qa", "a.yaml")]),
        ({"stage": "qa", "service": "carts"}, [("qa", "carts/a.yaml")]),
    ],
)
def test_the_flags_say_which_level_a_resource_goes_to(flags, expected):
    """R73: project, stage, every stage, or a service of one (sequences.md 8.4)."""
    assert expected == spots(operations.add_resource(view(BRANCHES), "a.yaml", b"x", **flags))


@pytest.mark.parametrize(
    ("flags", "said"),
    [
        ({"service": "carts"}, "--service needs --stage"),
        ({"stage": "qa", "all_stages": True}, "not both"),
        ({"stage": "dev"}, "There is no stage 'dev'. There are: qa, production"),
        ({"stage": "qa", "service": "x"}, "There is no service 'x'"),
    ],
)
def test_flags_that_make_no_sense_are_refused(flags, said):
    """R73: and what does not exist is named."""
    with pytest.raises(ChangeRefused, match=said):
        operations.add_resource(view(), "a.yaml", b"x", **flags)


@pytest.mark.parametrize(
    ("typed", "uri"),
    [
        ("./locust/basic.py", "locust/basic.py"),
        ("/tmp/x.yaml", "tmp/x.yaml"),
        ("a//b", "a/b"),
        ("slo.yaml", "slo.yaml"),
    ],
)
def test_the_path_of_a_resource_is_as_typed(typed, uri):
    """R73: without the dot in front."""
    assert uri == operations.resource_uri(typed)


@pytest.mark.parametrize("typed", ["../x", "a/../b", "a..b", "~/x", "a~", ".", "", "a\nb", ".git/config", "a/.GIT"])
def test_a_path_that_leads_astray_is_refused(typed):
    """R73: no '..' and no '~', not even inside a name; and nothing of Git's own."""
    with pytest.raises(ChangeRefused, match="cannot be the path"):
        operations.resource_uri(typed)


@pytest.mark.parametrize(
    ("uri", "said"),
    [
        ("helm", "there is a folder of this name"),
        ("helm/carts.yaml/values.yaml", "'helm/carts.yaml' is a file or a link"),
        ("a/__pycache__/b", "nothing called '__pycache__' is ever read"),
    ],
)
def test_a_resource_takes_the_place_of_no_other_file(uri, said):
    """In Git the other one would vanish without a word."""
    given = view(files={"shipyard.yaml": SHIPYARD, "helm/carts.yaml": ""})
    with pytest.raises(ChangeRefused, match=said):
        operations.add_resource(given, uri, b"x")
    assert [("main", "helm-2")] == spots(operations.add_resource(given, "helm-2", b"x"))
    assert [("main", "helm/carts.yaml")] == spots(operations.add_resource(given, "helm/carts.yaml", b"x"))


def test_a_new_service_or_project_takes_the_place_of_no_file_either():
    """A file 'api' is no service yet."""
    with pytest.raises(ChangeRefused, match="'api' is a file or a link"):
        operations.create_services(view(files={"api": ""}), ["api"])
    with pytest.raises(ChangeRefused, match=r"Service '\.git' would never be read"):
        operations.create_services(view(), [".git"])
    with pytest.raises(ChangeRefused, match="there is a folder of this name"):
        operations.create_project(view(files={"shipyard.yaml/x": ""}), SHIPYARD.encode())


@pytest.mark.parametrize(("layout", "top"), [(BRANCHES, OURS), (BRANCHES, FOLDERS), (FOLDERS, OURS), (OURS, FOLDERS)])
def test_a_resource_of_the_project_cannot_move_the_stages(layout, top):
    """Such a folder would be taken for that of the stages, and their own files be lost."""
    for uri in (f"{top}/notes.md", top):
        with pytest.raises(ChangeRefused, match=f"'{top}' would be taken for the folder of the stages"):
            operations.add_resource(view(layout), uri, b"x")
    assert 1 == len(operations.add_resource(view(layout), f"docs/{top}/notes.md", b"x"))


def test_a_resource_may_lie_in_the_folder_of_the_stages_where_that_is_the_layout():
    """It is where --stage puts it, too."""
    for layout in (OURS, FOLDERS):
        (path,) = operations.add_resource(view(layout), "a.yaml", b"x", stage="qa")
        assert {path: b"x"} == operations.add_resource(view(layout), path.path, b"x")
    assert [("qa", "stages/a.yaml")] == spots(operations.add_resource(view(BRANCHES), "stages/a.yaml", b"", stage="qa"))


@pytest.mark.parametrize("name", ["Shop", "", "1shop", "a" * 201, "shop_1", "a/b"])
def test_a_project_needs_a_legal_name(name):
    """Sequences.md 8.1."""
    assert "cannot be the name of a project" in operations.wrong_project_name(name)
