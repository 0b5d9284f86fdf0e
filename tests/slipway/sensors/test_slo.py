"""The quality gate as a task: window, numbers, verdict, record, links."""

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import pytest
from airflow.sdk import timezone
from airflow.sdk.api.datamodels._generated import DagRunType
from airflow.sdk.exceptions import TaskDeferred
from slipway.hooks.gate_numbers import GateNumbersHook
from slipway.operators.task import TaskFailed
from slipway.sensors import waiting
from slipway.sensors.slo import SLOSensor
from slipway_core.numbers.contract import Reading
from slipway_core.numbers.errors import NoValue, SourceUnreachable
from slipway_core.records import Records, RecordsUnavailable

ADDRESS = "http://prometheus:9090"
SLO = """\
objectives:
  - {sli: time, displayName: Mean time, key_sli: true, pass: [{criteria: ["<=0.2"]}]}
  - {sli: rate, pass: [{criteria: [">=-80%"]}]}
total_score: {pass: "90%", warning: "75%"}
"""
SLI = """\
indicators:
  time: avg(time{job="$SERVICE-$PROJECT-$STAGE"}[$DURATION_SECONDS])
  rate: sum(rate(hits[$DURATION_SECONDS]))
"""


class StandInSource:
    """Answers by what stands in the query."""

    address = ADDRESS

    def __init__(self, numbers):
        self.numbers, self.asked = numbers, []

    async def __aenter__(self):
        return self

    async def __aexit__(self, *_):
        pass

    async def read(self, query, window):
        """Return a number, or raise."""
        self.asked.append(query)
        answer = next(number for word, number in self.numbers.items() if word in query)
        if isinstance(answer, Exception):
            raise answer
        return Reading(answer, query, window.end, ("only part of the data",) if answer == 7.0 else ())


@pytest.fixture
def records(tmp_path):
    """Records of this test alone."""
    return Records(f"sqlite:///{tmp_path}/records.db", wait=0.2)


@pytest.fixture
def project(tmp_path):
    """Files of a service with a gate."""
    folder = tmp_path / "shop"
    (folder / "carts" / "prometheus").mkdir(parents=True)
    (folder / "carts" / "slo.yaml").write_text(SLO)
    (folder / "carts" / "prometheus" / "sli.yaml").write_text(SLI)
    return folder


@pytest.fixture
def gate(records, project, context):
    """Run a gate over five minutes that have passed; return it and what it reported."""

    def go(time=0.1, rate=30.0, evaluation=None, **more):
        sensor = SLOSensor(task_id="evaluation", files=project, payload=payload(evaluation, **more))
        sensor.records = records
        sensor.hook = GateNumbersHook()
        sensor.source_asked = StandInSource({"time": time, "hits": rate})
        sensor.hook.open = lambda: sensor.source_asked
        context["ti"].task_id = "evaluation"
        return sensor

    return go


def payload(evaluation=None, **more):
    """Return the payload of a gate over a window that is long over."""
    window = {"start": "2024-01-01T10:00:00", "end": "2024-01-01T10:05:00"} if evaluation is None else evaluation
    return {"project": "shop", "stage": "qa", "service": "carts", "evaluation": window, **more}


def test_a_good_service_passes_and_is_recorded(gate, records, context):
    """Payload, record and finished event say the same; placeholders are filled."""
    sensor = gate(labels={"build": "42"})
    report = sensor.execute(context)
    assert ("pass", "succeeded", 100) == (report["result"], report["status"], report["evaluation"]["score"])
    [stored] = records.evaluations.find("shop", "qa", "carts")
    assert report["evaluation"] == stored.data["evaluation"]
    assert {"build": "42"} == stored.labels
    assert 'avg(time{job="carts-shop-qa"}[300s])' == stored.queries["time"]
    assert (timedelta(minutes=5), stored.id) == (
        stored.window_end - stored.window_start,
        context["ti"].pushed("evaluation"),
    )


@pytest.mark.parametrize(("namespace", "release"), [("shop-qa", ("carts", 4)), ("shop-dev", None)])
def test_the_revision_that_was_judged_is_recorded(gate, records, context, namespace, release):
    """A rollback asks for it. What the stage before deployed is not what runs here."""
    gate(deployment={"release": "carts", "revision": 4, "namespace": namespace}).execute(context)
    assert release == records.evaluations.find("shop", "qa", "carts")[0].release


def test_a_slow_service_fails_with_one_readable_block(gate, context):
    """Objective, value, limit, verdict and why; the report keeps Keptn's own short message."""
    with pytest.raises(TaskFailed) as failed:
        gate(time=0.35).execute(context)
    block = str(failed.value)
    for word in ("FAIL", "Mean time (key)", "0.35", "<=0.2", "missed: <=0.2", "2024-01-01T10:00:00.000Z", ADDRESS):
        assert word in block
    finished = context["ti"].pushed("finished")
    message = "Evaluation failed due to key_sli objective 'Mean time': failed evaluation with score 0.000000"
    assert ("fail", "succeeded", message) == (finished["result"], finished["status"], finished["message"])


def test_the_run_before_is_the_baseline_and_is_linked(gate, records, context):
    """Of the same service and stage."""
    gate(rate=100.0).execute(context)
    context["ti"].run_id = context["dag_run"].run_id = "manual__2"
    context["task_state_store"].clear()
    with pytest.raises(TaskFailed):
        gate(rate=5.0).execute(context)
    assert context["ti"].pushed("baseline_run").endswith("/dags/shop.qa.delivery/runs/manual__1")
    newest, first = records.evaluations.find("shop")
    assert [first.id] == newest.data["evaluation"]["comparedEvents"]


def test_the_queries_can_be_seen_in_prometheus_own_page(gate, context):
    """Each as a graph over the window."""
    gate().execute(context)
    page = context["ti"].pushed("queries")
    assert page.startswith(f"{ADDRESS}/graph?g0.expr=avg")
    assert "g1.range_input=300s" in page
    assert "g0.end_input=2024-01-01+10%3A05%3A00" in page


def test_a_source_that_does_not_answer_fails_the_gate(gate, records, context):
    """Its address is named, and the errored evaluation is recorded."""
    fault = SourceUnreachable(ADDRESS, "answers 503.")
    with pytest.raises(TaskFailed, match=f"{ADDRESS} answers 503"):
        gate(time=fault).execute(context)
    [stored] = records.evaluations.find("shop")
    assert ("fail", "errored") == (stored.result, stored.data["status"])


def test_an_empty_answer_fails_its_objective_only(gate, context):
    """As in Keptn; here it is not the key one's."""
    with pytest.raises(TaskFailed, match="query did not return any values"):
        gate(rate=NoValue("query did not return any values")).execute(context)
    assert 50 == context["ti"].pushed("finished")["evaluation"]["score"]


def test_without_a_slo_nothing_is_judged(gate, project, context):
    """It passes with a score of 0, and says so (R61); nothing is asked."""
    (project / "carts" / "slo.yaml").unlink()
    sensor = gate()
    report = sensor.execute(context)
    assert ("pass", 0) == (report["result"], report["evaluation"]["score"])
    assert "no SLO file configured for project shop" in report["message"]
    assert [] == sensor.source_asked.asked


def test_a_slo_without_a_source_fails_closed(gate, project, context):
    """What to do is said (decisions.md)."""
    (project / "carts" / "prometheus" / "sli.yaml").unlink()
    with pytest.raises(TaskFailed, match="nothing says where its numbers come from"):
        gate().execute(context)


def test_a_slo_that_cannot_be_parsed_names_file_and_line(gate, project, context):
    """And what Keptn said."""
    (project / "carts" / "slo.yaml").write_text("objectives: [{sli: a, pass: [{criteria: '<5'}]}]\n")
    with pytest.raises(
        TaskFailed, match=r"(?s)Could not parse SLO file for service carts.*shop/carts/slo\.yaml, line 1"
    ):
        gate().execute(context)


def test_warnings_of_the_source_are_kept(gate, context):
    """A verdict on part of the data is to be seen as one."""
    gate(rate=7.0).execute(context)
    assert "Warning of the source: only part of the data" in context["task_state_store"]["judged-0"]["text"]


@pytest.mark.parametrize(
    ("evaluation", "why"),
    [
        ({}, "does not contain evaluation timeframe"),
        ({"timeframe": "30s"}, "at least 1 minute"),
        ({"timeframe": 120}, "must be text"),
        ({"start": "2999-01-01T10:00:00", "timeframe": "5m"}, "Evaluate it when it is over"),
        ("text", "does not contain evaluation timeframe"),
    ],
)
def test_a_window_that_cannot_be_used_fails_the_gate(gate, records, context, evaluation, why):
    """Errored, recorded without a window (R68 to R75)."""
    with pytest.raises(TaskFailed, match=why):
        gate(evaluation=evaluation).execute(context)
    [stored] = records.evaluations.find("shop")
    assert (None, "errored", "") == (
        stored.window_end,
        stored.data["status"],
        stored.data["evaluation"]["timeStart"],
    )


def test_the_window_s_end_and_its_last_scrape_are_waited_for_without_a_worker(gate, context):
    """The trigger fires at an absolute moment."""
    begun = timezone.utcnow()
    with pytest.raises(TaskDeferred) as deferred:
        gate(evaluation={"timeframe": "5m"}).execute(context)
    assert timedelta(seconds=14) < deferred.value.trigger.moment - begun < timedelta(seconds=20)


def test_a_resumed_gate_judges_the_window_it_waited_for(gate, context, monkeypatch):
    """Not one that ends now."""
    monkeypatch.setattr(waiting.time, "sleep", lambda _: None)
    with pytest.raises(TaskDeferred):
        gate(evaluation={"timeframe": "5m"}).execute(context)
    start, end = context["task_state_store"]["window-0"]
    later = datetime.now(UTC) + timedelta(hours=1)
    monkeypatch.setattr(timezone, "utcnow", lambda: later)
    report = gate(evaluation={"timeframe": "5m"}).execute_complete(context)
    assert (start, end) == (report["evaluation"]["timeStart"], report["evaluation"]["timeEnd"])


def test_a_retry_after_a_fault_stores_what_was_judged(gate, records, context, monkeypatch):
    """The numbers may have changed since; the first verdict holds, and is stored once."""
    broken = RecordsUnavailable("there", "locked")

    def refuse(new):
        raise broken

    sensor = gate(rate=40.0)
    with monkeypatch.context() as away:
        away.setattr(records.evaluations, "store", refuse)
        with pytest.raises(RecordsUnavailable):
            sensor.execute(context)
    said = context["ti"].pushed("finished")
    assert ("fail", "errored") == (said["result"], said["status"])
    assert "could not be stored" in said["message"]
    assert "It was: PASS" in said["message"]
    again = gate(time=9.9, rate=1.0)
    assert "pass" == again.execute(context)["result"]
    assert [] == again.source_asked.asked
    assert 1 == len(records.evaluations.find("shop"))


def test_a_backfill_compares_with_what_was_before_its_window(gate, records, context):
    """Not with evaluations of later times, though they were made earlier."""
    gate(rate=1000.0, evaluation={"start": "2024-03-01T10:00:00", "timeframe": "5m"}).execute(context)
    for night, rate in ((1, 100.0), (2, 90.0)):
        context["task_state_store"].clear()
        context["ti"].run_id = f"backfill__{night}"
        context["dag_run"] = SimpleNamespace(run_type=DagRunType.BACKFILL, clear_number=0)
        report = gate(rate=rate, evaluation={"start": f"2024-01-0{night}T02:00:00", "timeframe": "5m"}).execute(context)
    values = {one["value"]["metric"]: one["value"]["comparedValue"] for one in report["evaluation"]["indicatorResults"]}
    assert 100 == values["rate"]


def test_the_commit_of_the_files_is_kept(gate, records, context):
    """A run works from one commit of the published tree; Airflow's bundle knows which."""
    context["ti"].bundle_instance = SimpleNamespace(version="0123abcd")
    gate().execute(context)
    assert "0123abcd" == records.evaluations.find("shop")[0].commit


def test_a_gate_without_its_project_s_files_fails(gate, context, tmp_path):
    """A folder that is away is no service without a slo.yaml."""
    sensor = gate()
    sensor.files = tmp_path / "gone"
    with pytest.raises(TaskFailed, match="The project's files are not there"):
        sensor.execute(context)
