"""A sequence's input, and what is refused."""

import json
from types import SimpleNamespace

import pytest
from slipway.operators.sequence import BeginSequence, Evaluates, InputRefused
from slipway_core.keptn.lanes import Place, Run
from slipway_core.quality_gate.window import instant

from tests.slipway.conftest import NOON, START

FORM = {"service": "carts", "image": "ghcr.io/shop/carts:1.0", "labels": {}, "values": {}}
RUN = Run("shop.qa.delivery", "manual__1")


def begin_sequence(context, params=None, conf=None, **kwargs):
    """Run the first task; return what it pushed."""
    arguments = {"project": "shop", "stage": "qa", "services": ["carts", "orders"], "deploys": True, **kwargs}
    run = SimpleNamespace(dag_id="shop.qa.delivery", run_id="manual__1", **{**START, "conf": conf or {}})
    ti = context["ti"]
    ti.task_id = "slipway_begin"
    ti.xcoms.clear()
    BeginSequence(task_id="slipway_begin", **arguments).execute(
        {**context, "dag_run": run, "params": {**FORM, **(params or {})}}
    )
    return ti.pushed("triggered")


def test_the_form_becomes_the_sequences_data(context):
    """As `keptn trigger delivery` sends it (sequences.md 9)."""
    triggered = begin_sequence(context, {"labels": {"build": "42"}, "values": {"replicas.count": 2}})
    data = triggered["data"]
    assert ("shop", "qa", "carts", {"build": "42"}) == tuple(data[k] for k in ("project", "stage", "service", "labels"))
    expected = {"image": "ghcr.io/shop/carts:1.0", "replicas": {"count": 2}}
    assert expected == data["configurationChange"]["values"]


@pytest.mark.parametrize(
    ("remote", "layout", "page"),
    [
        ("https://git.example/shop.git", "stages", "https://git.example/shop/commit/aaa"),
        ("https://git.example/shop", "branches", "https://git.example/shop/commit/bbb"),
        ("ssh://git@git.example/shop.git", "branches", None),
    ],
)
def test_a_run_says_which_commits_its_files_come_from(context, tmp_path, remote, layout, page):
    """Those of the published tree that it runs from; the link is to the commit of its stage."""
    source = {"remote": remote, "branch": "main", "layout": layout, "commits": {"main": "aaa", "qa": "bbb"}}
    (tmp_path / "sources").mkdir()
    (tmp_path / "sources/shop.json").write_text(json.dumps(source))
    begin_sequence(context, tree=tmp_path)
    assert source == context["ti"].pushed("sources")
    assert page == context["ti"].pushed("source_commit")


def test_a_project_in_a_folder_has_no_commits_to_show(context, tmp_path):
    """And needs none."""
    begin_sequence(context, tree=tmp_path)
    assert None is context["ti"].pushed("sources")


def test_the_context_of_a_run_is_always_the_same(context):
    """A second try must not begin another chain."""
    assert begin_sequence(context)["context"] == begin_sequence(context)["context"]


@pytest.mark.parametrize(
    ("params", "field"),
    [
        ({"service": "cart"}, "service"),
        ({"service": None}, "service"),
        ({"image": ""}, "image"),
        ({"image": "two words"}, "image"),
        ({"image": 5}, "image"),
        ({"labels": {"build": 42}}, r"labels\.build"),
        ({"labels": "build=42"}, "labels"),
        ({"values": "replicaCount=2"}, "values"),
        ({"values": {"a": 1, "a.b": 2}}, r"values\.a\.b"),
        ({"values": {"a..b": 1}}, "values"),
    ],
)
def test_wrong_input_is_refused_by_the_name_of_its_field(context, params, field):
    """Never tried again, and nothing is stored."""
    with pytest.raises(InputRefused, match=field):
        begin_sequence(context, params)
    assert None is context["ti"].pushed("triggered")


def test_an_unknown_service_is_refused_with_those_that_exist(context):
    """So the person sees what to write."""
    with pytest.raises(InputRefused, match="it has: carts, orders"):
        begin_sequence(context, {"service": "cart"})


def test_values_alone_are_enough_to_deploy(context):
    """A delivery may change a setting only."""
    values = begin_sequence(context, {"image": "", "values": {"replicaCount": 2}})["data"]["configurationChange"]
    assert {"values": {"replicaCount": 2}} == values


def test_a_sequence_that_deploys_nothing_needs_no_image(context):
    """Such as one that only tests."""
    data = begin_sequence(context, {"image": ""}, deploys=False)["data"]
    assert "configurationChange" not in data


@pytest.mark.parametrize(
    ("form", "length"),
    [({}, 300), ({"timeframe": "2m"}, 120), ({"start": "2024-01-01T10:00:00", "timeframe": "1h"}, 3600)],
)
def test_an_evaluation_started_by_hand_gets_a_window(context, form, length):
    """Resolved at once; the last five minutes when nothing is said (R79)."""
    data = begin_sequence(context, {"image": "", **form}, deploys=False, evaluates=Evaluates.WITHOUT_WINDOW)["data"]
    start, end = (instant(data["evaluation"][name]) for name in ("start", "end"))
    assert (length, "") == ((end - start).total_seconds(), data["evaluation"]["timeframe"])


def test_a_window_that_the_shipyard_names_is_left_to_it(context):
    """Start and end beside its timeframe would be an error."""
    data = begin_sequence(context, {"image": ""}, deploys=False, evaluates=Evaluates.WITH_OWN_WINDOW)["data"]
    assert "evaluation" not in data


def test_a_window_that_cannot_be_used_is_refused(context):
    """A start alone says nothing (R79)."""
    form = {"image": "", "start": "2024-01-01T10:00:00"}
    with pytest.raises(InputRefused, match="'start', 'end', 'timeframe'"):
        begin_sequence(context, form, deploys=False, evaluates=Evaluates.WITHOUT_WINDOW)


@pytest.mark.parametrize(
    ("task", "properties", "expected"),
    [
        ("deployment", {"timeframe": "5m"}, Evaluates.NOT_FIRST),
        ("evaluation", None, Evaluates.WITHOUT_WINDOW),
        ("evaluation", {"timeframe": "5m"}, Evaluates.WITH_OWN_WINDOW),
    ],
)
def test_the_first_task_tells_whether_a_window_is_asked_for(task, properties, expected):
    """Any other evaluation takes the times of the test before."""
    assert expected is Evaluates.of(task, properties)


HANDED = {"project": "shop", "stage": "qa", "service": "carts", "result": "pass", "labels": {"build": "42"}}


def test_a_handover_brings_context_and_payload(context):
    """As the sequence before wrote them."""
    parent = {"dag_id": "shop.dev.delivery", "run_id": "manual__0"}
    triggered = begin_sequence(context, conf={"slipway": {"context": "c", "payload": HANDED, "parent": parent}})
    assert {"context": "c", "data": HANDED} == triggered
    started_by = context["ti"].pushed("started_by")
    assert "http://127.0.0.1:8080/dags/shop.dev.delivery/runs/manual__0" == started_by


@pytest.mark.parametrize(
    ("handover", "field"),
    [
        ("text", "slipway"),
        ({"context": "c"}, "slipway"),
        ({"context": "c", "payload": "text"}, "slipway"),
        ({"payload": HANDED}, r"slipway\.context"),
        ({"context": 5, "payload": HANDED}, r"slipway\.context"),
        ({"context": "c", "payload": {**HANDED, "service": "cart"}}, "service"),
        ({"context": "c", "payload": {**HANDED, "stage": "nope"}}, "stage"),
        ({"context": "c", "payload": {**HANDED, "project": "other"}}, "project"),
        ({"context": "c", "payload": {**HANDED, "labels": {"build": 42}}}, r"labels\.build"),
    ],
)
def test_a_handover_that_is_not_ours_is_refused(context, handover, field):
    """It can be written by anybody who may start a run."""
    with pytest.raises(InputRefused, match=field):
        begin_sequence(context, conf={"slipway": handover})


@pytest.mark.parametrize("field", ["stage", "project"])
def test_input_for_another_stage_or_project_is_refused(context, field):
    """It would be deployed where nobody meant it to be."""
    with pytest.raises(InputRefused, match=rf"Field '{field}' says 'nope'"):
        begin_sequence(context, {"image": "x"}, conf={field: "nope"})


def test_a_run_takes_its_place_in_the_lane_at_once(context, records):
    """By the time of its trigger: the task that waits may come later than that of a later run."""
    begin_sequence(context)
    [kept] = records.lanes.all()
    assert (Place("shop", "qa", "carts"), RUN, NOON) == (kept.place, kept.entry.run, kept.entry.triggered)


@pytest.mark.parametrize("state", ["failed", "skipped"])
def test_a_task_that_was_marked_while_it_worked_leaves_no_place_in_the_lane(context, records, state):
    """Airflow runs nothing behind it, the last task neither, so nothing else would take the place away."""
    context["ti"].states["slipway_begin"] = state
    begin_sequence(context)
    assert [] == list(records.lanes.all())


def test_a_run_begins_although_the_records_are_away(context, monkeypatch, tmp_path):
    """Its place is taken by the next task."""
    monkeypatch.setenv("SLIPWAY_RECORDS_URL", f"sqlite:///{tmp_path}")
    assert begin_sequence(context)
