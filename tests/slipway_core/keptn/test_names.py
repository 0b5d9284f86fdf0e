"""Names of DAGs, tasks and runs."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from slipway_core.keptn import names

LEGAL = re.compile(r"[A-Za-z0-9_.-]{1,250}")
LEGAL_RUN_ID = re.compile(r"[A-Za-z0-9_.~:+-]{1,250}")
# Short alphabets make clashes likely; the escape's own characters are what could clash.
TRICKY = st.text(alphabet="_x45fé .~aS", max_size=8)
ANY = st.text(max_size=300)


@given(st.one_of(TRICKY, ANY))
def test_escaping_can_be_undone(text):
    """So different texts always give different parts."""
    assert text == names.unescape(names.escape(text))


@given(st.one_of(TRICKY, ANY))
def test_an_escaped_text_is_legal(text):
    """Only letters, digits, underscore and hyphen."""
    assert re.fullmatch(r"[A-Za-z0-9_-]*", names.escape(text))


@given(st.lists(st.tuples(TRICKY, TRICKY, TRICKY), unique=True, min_size=2, max_size=8))
def test_different_sequences_have_different_dags(sequences):
    """Escaping leaves the dots to us."""
    assert len(sequences) == len({names.dag_id(*one) for one in sequences})


@given(st.text(min_size=1, max_size=200), ANY, ANY)
def test_a_dag_id_is_legal_and_short(project, stage, sequence):
    """Airflow's table takes 250 characters."""
    assert LEGAL.fullmatch(names.dag_id(project, stage, sequence))


def test_a_plain_dag_id_reads_as_written():
    """People find it."""
    assert "fulltour.qa.delivery" == names.dag_id("fulltour", "qa", "delivery")


def test_long_names_with_the_same_beginning_stay_apart():
    """The digest is of the whole name."""
    ids = {names.dag_id("p", "s", "x" * 300 + end) for end in "ab"}
    assert 2 == len(ids)
    assert {250} == {len(one) for one in ids}


@given(st.lists(st.one_of(TRICKY, ANY), min_size=1, max_size=12))
def test_task_ids_are_legal_and_never_double(tasks):
    """R8: one task several times, and any names beside it."""
    tasks = [task.replace(".", "") or "t" for task in tasks]
    ids = names.task_ids(tasks)
    assert len(tasks) == len(set(ids))
    assert all(LEGAL.fullmatch(one) for one in ids)
    assert not any(one.startswith(names.OWN_PREFIX) for one in ids)


def test_the_second_run_of_a_task_gets_its_number():
    """R8; a Keptn task name holds no dot."""
    assert ["deployment", "deployment.2", "evaluation", "deployment.3"] == names.task_ids(
        ["deployment", "deployment", "evaluation", "deployment"]
    )


def test_a_task_named_like_ours_is_escaped():
    """Ours begin with slipway_."""
    assert "_x73_lipway_end" == names.task_id("slipway_end")


@given(ANY, ANY, ANY, st.integers(0, 1000))
def test_a_run_id_is_legal_and_stable(context, dag, run, item):
    """Safe to repeat: the same start has the same id."""
    first = names.run_id(context, dag, run, item)
    assert LEGAL_RUN_ID.fullmatch(first)
    assert first == names.run_id(context, dag, run, item)
    assert first != names.run_id(context, dag, run, item + 1)
    assert first != names.run_id(context, dag, run + "x", item)


@pytest.mark.parametrize(
    ("service", "expected"),
    [("carts", "carts"), ("Carts_v1.2", "carts-v1-2"), ("-a-", "a"), ("x" * 60, "x" * 53), ("ü_", "")],
)
def test_a_release_is_named_after_its_service(service, expected):
    """What Helm forbids becomes a hyphen; at most 53 characters."""
    assert expected == names.release_name(service)


def test_a_stage_has_one_namespace_and_one_connection():
    """Publisher, operators and grants must all mean the same ones."""
    assert ("shop-qa", "kubernetes_shop_qa") == (names.namespace("shop", "qa"), names.connection_id("shop", "qa"))


def test_a_schedule_and_a_service_have_an_id_of_their_own():
    """Four parts, where a sequence has three; the project is the first."""
    assert "shop.qa.evaluation.schedule-1-Carts_x2e_v1" == names.schedule_dag_id(
        "shop", "qa", "evaluation", 1, "Carts.v1"
    )
    assert 250 == len(names.schedule_dag_id("shop", "qa", "s" * 300, 1, "carts"))


def test_a_dag_id_tells_its_place():
    """Only that of a sequence, and one that was not cut."""
    place = ("my.shop", "qa", "del_xivery")
    assert place == names.place_of(names.dag_id(*place))
    assert None is names.place_of(names.schedule_dag_id("shop", "qa", "evaluation", 1, "carts"))
    assert None is names.place_of(names.dag_id("shop", "qa", "x" * 300))
    assert None is names.place_of("somebody_elses")


def test_a_messages_run_has_one_id():
    """Beginning with the context, as every run of a chain does."""
    first = names.message_run_id("context", "1")
    assert first.startswith("context.")
    assert first == names.message_run_id("context", "1") != names.message_run_id("context", "2")
