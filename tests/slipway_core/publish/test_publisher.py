"""Publishing with the real git: good projects go on, whatever happens to others."""

import os
import threading
from pathlib import Path

import pytest
from slipway_core.keptn.problems import PublishFailed
from slipway_core.publish import load, take
from slipway_core.publish.publisher import publish_once


def test_good_projects_become_one_commit(world):
    """Files as they are, a compiled plan, the DAG files, no refusal."""
    report = world.publish()
    tree = world.tree()
    assert {"shop": "published", "blog": "published"} == {one.name: one.state for one in report.projects}
    assert ["blog", "shop"] == load.projects(tree)
    plan = load.project_plan(tree, "shop")
    assert (("carts",), ("qa", "production")) == (plan.services, plan.stages)
    assert [] == load.refusals(tree)
    assert "replicaCount: 2\n" == (tree / "projects/shop/stages/production/carts/values.yaml").read_text()
    assert (tree / "dags/deliveries.py").is_file()
    assert 1 == world.commits()


def test_unchanged_sources_make_no_commit(world):
    """Even when files were touched."""
    first = world.publish()
    os.utime(world.sources / "shop/shipyard.yaml")
    second = world.publish()
    assert (first.commit, False) == (second.commit, second.changed)
    assert {"unchanged"} == {one.state for one in second.projects}


def test_a_broken_change_is_never_published_and_others_go_on(world):
    """The last good state stays; the other project's change is published."""
    world.publish()
    world.break_("shop")
    (world.sources / "blog/carts/new.yaml").write_text("a: 1\n")
    assert {"shop": "refused", "blog": "published"} == world.states()
    refusal, text = world.refusal("shop")
    tree = world.folder / "clone"
    assert "stages: []" not in (tree / "projects/shop/shipyard.yaml").read_text()
    assert ("qa", "production") == load.project_plan(tree, "shop").stages
    assert (tree / "projects/blog/carts/new.yaml").is_file()
    assert refusal.still_running
    assert "shop/shipyard.yaml, line 3: there is no stage.\n  3 |   stages: []\n" in text


def test_a_mended_project_is_back(world):
    """And leaves the list of the refused."""
    good = (world.sources / "shop/shipyard.yaml").read_text()
    world.publish()
    world.break_("shop")
    world.publish()
    world.break_("shop", good.replace("name: qa", "name: test").replace("qa.delivery", "test.delivery"))
    assert "published" == world.states()["shop"]
    tree = world.tree()
    assert [] == load.refusals(tree)
    assert ("test", "production") == load.project_plan(tree, "shop").stages


def test_a_refused_change_that_stays_makes_one_commit_only(world):
    """Trying again says the same."""
    world.publish()
    world.break_("shop")
    world.publish()
    world.publish()
    assert 2 == world.commits()


def test_a_project_broken_from_the_start_is_only_listed(world):
    """Nothing of it runs, all others do."""
    world.break_("shop")
    report = world.publish()
    refusal, text = world.refusal("shop")
    assert ["blog"] == load.projects(world.folder / "clone") == [one.name for one in report.running]
    assert not refusal.still_running
    assert "it was never published" in text


def test_a_removed_project_goes_away(world):
    """Its files, its plan and its refusal."""
    world.break_("shop")
    world.publish()
    for path in sorted((world.sources / "shop").rglob("*"), reverse=True):
        path.rmdir() if path.is_dir() else path.unlink()
    (world.sources / "shop").rmdir()
    world.publish()
    tree = world.tree()
    assert ["blog"] == load.projects(tree)
    assert [] == load.refusals(tree)


def test_a_removed_project_that_ran_is_said_to_be_removed(world):
    """The report names it once."""
    world.publish()
    (world.sources / "shop").rename(world.folder / "away")
    assert {"shop": "removed", "blog": "unchanged"} == world.states()
    assert not (world.tree() / "projects/shop").exists()
    assert {"blog": "unchanged"} == world.states()


def test_a_project_whose_shipyard_is_gone_keeps_its_last_good_state(world):
    """An editor may be in the middle of saving; only removing the folder ends a project."""
    world.publish()
    (world.sources / "shop/shipyard.yaml").unlink()
    assert "refused" == world.states()["shop"]
    assert "shop" in load.projects(world.tree())


def test_missing_sources_change_nothing(world):
    """An unmounted disk is not a wish to remove all projects."""
    world.publish()
    world.sources.rename(world.folder / "away")
    with pytest.raises(PublishFailed, match="there is no such folder"):
        world.publish()
    assert ["blog", "shop"] == load.projects(world.tree())


def test_a_task_that_nothing_handles_is_refused_with_how_to_add_one(world):
    """R30, R31 as decided: known before anything is deployed."""
    path = world.sources / "shop/shipyard.yaml"
    path.write_text(path.read_text() + "            - name: monaco\n")
    world.publish()
    _, text = world.refusal("shop")
    assert (
        "shop/shipyard.yaml, line 19: nothing handles the task 'monaco'.\n  19 |             - name: monaco\n" in text
    )
    assert "Handled: deployment, evaluation, test." in text
    assert "entry point 'monaco' in the group 'slipway.tasks'" in text


@pytest.mark.parametrize(
    ("tasks", "words"),
    [
        ("tasks: []", "sequence 'qa.delivery' has no tasks"),
        ("tasks: [{name: a.b}]", "a task needs a name without dots"),
        ("tasks: [{}]", "a task needs a name without dots"),
        (
            "tasks: [{name: deployment, properties: {deploymentstrategy: blue_green_service}}]",
            "shop/shipyard.yaml, line 7: deploymentstrategy 'blue_green_service' is not built",
        ),
        (
            "tasks: [{name: evaluation, properties: {timeframe: 30s}}]",
            "shop/shipyard.yaml, line 7: this evaluation can never work: end date must be at least 1 minute after",
        ),
        ("tasks: [{name: evaluation, properties: {timeframe: 1d}}]", "could not parse provided timeframe: '1d'"),
    ],
)
def test_what_is_proven_not_to_run_is_refused(world, tasks, words):
    """R70, R7: lint alone only warns of it, or takes the file as Keptn's."""
    stages = f"    - name: qa\n      sequences:\n        - name: delivery\n          {tasks}\n"
    world.break_("shop", "apiVersion: 0.2.2\nspec:\n  stages:\n" + stages)
    world.publish()
    refusal, text = world.refusal("shop")
    assert words in text
    assert ["error"] == [one.severity for one in refusal.problems]


def link_outside(folder):
    (folder / "carts/secret").symlink_to("../../../../secret")


def absolute_link(folder):
    (folder / "carts/secret").symlink_to("/etc/passwd")


def linked_folder(folder):
    (folder / "carts/all").symlink_to("../..")


def circle(folder):
    (folder / "carts/slo.yaml").symlink_to("again.yaml")
    (folder / "carts/again.yaml").symlink_to("slo.yaml")


def named_pipe(folder):
    os.mkfifo(folder / "carts/pipe")


def dotted_name(folder):
    (folder / "carts/a..b").touch()


def name_with_a_line_end(folder):
    (folder / "carts/a\nb").touch()


def name_of_no_encoding(folder):
    (folder / os.fsdecode(b"carts/\xff")).touch()


def huge_file(folder):
    with (folder / "carts/huge").open("wb") as stream:
        stream.truncate(20_000_001)


def git_link(folder):
    (folder / "carts/.git").write_text("gitdir: /elsewhere\n")


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (link_outside, "a link that leads out"),
        (absolute_link, "a link that leads out"),
        (linked_folder, "a link that leads out"),
        (circle, "shop/carts/slo.yaml: it is a link that leads in a circle ('again.yaml')"),
        (named_pipe, "neither a file nor a folder"),
        (dotted_name, "its name holds '..'"),
        (name_with_a_line_end, "cannot be printed"),
        (name_of_no_encoding, "not UTF-8"),
        (huge_file, "too large: 20 MB"),
        (git_link, "its name holds '..' or '~', or is '.git'"),
    ],
)
def test_files_that_could_do_harm_refuse_their_project_only(world, spoil, words):
    """Each with its path; the other project is published."""
    spoil(world.sources / "shop")
    assert {"shop": "refused", "blog": "published"} == world.states()
    _, text = world.refusal("shop")
    assert words in text
    assert "shop/carts/" in text


def test_links_inside_a_project_and_modes_are_kept(world):
    """Byte for byte, ignore rules or not."""
    folder = world.sources / "shop"
    (folder / "carts/link.yaml").symlink_to("values.yaml")
    (folder / "carts/run").write_bytes(b"#!/bin/sh\r\n")
    (folder / "carts/run").chmod(0o755)
    (folder / ".gitignore").write_text("*.yaml\n")
    (folder / "carts/__pycache__").mkdir()
    (folder / "carts/__pycache__/x.pyc").touch()
    world.publish()
    published = world.tree() / "projects/shop"
    assert Path("values.yaml") == (published / "carts/link.yaml").readlink()
    assert (b"#!/bin/sh\r\n", True) == (
        (published / "carts/run").read_bytes(),
        os.access(published / "carts/run", os.X_OK),
    )
    assert not (published / "carts/__pycache__").exists()


@pytest.mark.parametrize("name", ["Shop", "shop_1", "1shop", "a.b", "x" * 201])
def test_a_bad_project_name_is_refused(world, name):
    """sequences.md 8.1."""
    world.add(name)
    found = {one.name: one for one in world.publish().projects}[name]
    assert "refused" == found.state
    assert "cannot be the name of a project" in found.problems[-1].message


def test_a_namespace_that_is_too_long_is_refused_with_the_line_of_its_stage(world):
    """Kubernetes takes 63 characters; the other stage is short enough."""
    name = "x" * 53  # and "-production" makes 64
    world.add(name)
    assert "refused" == world.states()[name]
    text = world.refusal(name)[1]
    assert f"{name}/shipyard.yaml, line 12: the namespace '{name}-production' of this stage is longer than 63" in text
    assert "Shorten the name of the stage or of the project by 1." in text
    assert f"'{name}-qa'" not in text


@pytest.mark.parametrize("name", ["kube", "kube-x", "openshift"])
def test_a_namespace_of_the_cluster_itself_is_refused(world, name):
    """Such as kube-system."""
    world.add(name)
    assert "refused" == world.states()[name]
    assert "would be one of the cluster's own" in world.refusal(name)[1]


def with_stage(shipyard, stage):
    """Name the first stage of a shipyard anew."""
    text = shipyard.read_text()
    shipyard.write_text(text.replace("name: qa", f"name: {stage}").replace("qa.delivery", f"{stage}.delivery"))


def test_of_two_projects_that_share_a_namespace_the_second_is_refused(world):
    """`shop` + `eu-qa` and `shop-eu` + `qa` would deliver over each other."""
    world.add("shop-eu")
    with_stage(world.sources / "shop/shipyard.yaml", "eu-qa")
    assert {"shop": "published", "shop-eu": "refused", "blog": "published"} == world.states()
    assert "its stage 'qa' has the namespace 'shop-eu-qa', as one of 'shop' has." in world.refusal("shop-eu")[1]


def test_a_namespace_belongs_to_the_project_that_was_published_first(world):
    """Whatever their names are; what was last good of the other goes on."""
    world.add("shop-eu")
    world.publish()
    with_stage(world.sources / "shop/shipyard.yaml", "eu-qa")
    assert {"shop": "refused", "shop-eu": "unchanged", "blog": "unchanged"} == world.states()
    assert ("qa", "production") == load.project_plan(world.tree(), "shop").stages


def test_a_namespace_that_is_given_up_is_free_in_the_same_round(world):
    """Nothing would look again without another change."""
    world.add("shop-eu")
    world.publish()
    with_stage(world.sources / "shop-eu/shipyard.yaml", "dev")
    with_stage(world.sources / "shop/shipyard.yaml", "eu-qa")
    assert {"shop": "published", "shop-eu": "published", "blog": "unchanged"} == world.states()


def test_a_refused_project_keeps_the_namespaces_that_still_run(world):
    """It may not move away, so nobody may move in."""
    world.add("shop-eu")
    world.publish()
    with_stage(world.sources / "shop-eu/shipyard.yaml", "Bad")
    with_stage(world.sources / "shop/shipyard.yaml", "eu-qa")
    assert {"shop": "refused", "shop-eu": "refused", "blog": "unchanged"} == world.states()


def test_errors_are_kept_before_warnings(world):
    """When a project has more problems than are kept."""
    stages = "".join(f"    - name: s{n}\n      tasks: []\n" for n in range(100)) + "    - name: Bad\n"
    world.break_("shop", "apiVersion: 0.2.2\nspec:\n  stages:\n" + stages)
    world.publish()
    problems = world.refusal("shop")[0].problems
    assert (50, "error", "warning") == (len(problems), problems[0].severity, problems[1].severity)


def test_a_broken_slo_refuses_its_project(world):
    """Every Keptn file is read before it is published."""
    (world.sources / "shop/carts/slo.yaml").write_text("a: 1\na: 2\n")
    world.publish()
    assert "shop/carts/slo.yaml, line 2: 'a' is said twice" in world.refusal("shop")[1]


def test_a_fault_of_ours_harms_one_project_only(world, monkeypatch):
    """The others are published, and the fault is shown."""
    real = take.check_project

    def faulty(folder, name, *rest):
        if name == "shop":
            raise RuntimeError("boom")
        return real(folder, name, *rest)

    monkeypatch.setattr(take, "check_project", faulty)
    assert {"shop": "refused", "blog": "published"} == world.states()
    assert "RuntimeError: boom" in world.refusal("shop")[1]


def test_files_that_never_stand_still_refuse_their_project_only(world, monkeypatch):
    """A half-written state is never published."""
    real, count = take.snapshot.__globals__["digest"], iter(range(1000))
    monkeypatch.setitem(
        take.snapshot.__globals__,
        "digest",
        lambda folder, *rest: f"{next(count)}" if folder.name == "shop" else real(folder, *rest),
    )
    monkeypatch.setitem(take.snapshot.__globals__, "_PAUSE", 0.001)
    assert {"shop": "refused", "blog": "published"} == world.states()
    assert "change faster than they can be read" in world.refusal("shop")[1]


def test_two_publishers_at_once_do_not_disturb_each_other(world):
    """One waits for the other; the second finds nothing to do."""
    threads = [threading.Thread(target=world.publish) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert 1 == world.commits()
    assert ["blog", "shop"] == load.projects(world.tree())


def test_settings_of_the_person_at_the_keyboard_do_not_matter(world, monkeypatch):
    """Nor does a repository that git was pointed at."""
    (world.folder / "gitconfig").write_text("[commit]\n\tgpgsign = true\n[core]\n\tautocrlf = true\n")
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(world.folder / "gitconfig"))
    monkeypatch.setenv("GIT_DIR", "/nowhere")
    world.publish()
    monkeypatch.delenv("GIT_DIR")
    assert "Slipway <slipway@localhost>" == world.git("-C", str(world.store), "log", "-1", "--format=%an <%ae>").strip()


def test_a_folder_without_dag_files_is_an_error(world):
    """Airflow would have nothing to run."""
    (world.dags / "deliveries.py").unlink()
    with pytest.raises(PublishFailed, match="no DAG file"):
        world.publish()


def test_changed_dag_files_are_published(world):
    """Even when no project changed."""
    world.publish()
    (world.dags / "deliveries.py").write_text("# changed\n")
    assert world.publish().changed
    assert "# changed\n" == (world.tree() / "dags/deliveries.py").read_text()


def test_without_sources_the_store_is_still_made(world, tmp_path):
    """An empty folder of projects is a good beginning."""
    empty = tmp_path / "empty"
    empty.mkdir()
    report = publish_once(empty, world.dags, world.store, {"deployment"})
    assert () == report.projects
    assert report.changed
