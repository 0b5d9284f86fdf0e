"""Scaling with stand-ins for Helm and the workload, and the way back."""

import pytest
from airflow.sdk import timezone
from slipway.hooks.faults import HelmFailed, HelmUnavailable, NotScaled
from slipway.operators.helm_scale import HelmScaleOperator
from slipway.operators.scale_back import ScaleBackOperator
from slipway.operators.task import Seat, TaskFailed
from slipway_core.keptn.settings import HealingSettings
from slipway_core.records import NewAction, Scaled, TaskRun


class StandInWorkload:
    """Has a count; becomes ready or not."""

    kind, name, namespace = "Deployment", "carts", "shop-qa"

    def __init__(self, count=1, ready=True):
        self.count, self.ready, self.scaled = count, ready, []

    def replicas(self):
        return self.count

    def scale(self, count):
        self.scaled.append(count)
        self.count = count

    def wait_until_ready(self, count, timeout):
        return self.ready

    def only_count_changes(self, before, after, count):
        return after == [count]


class StandInHelm:
    """A Helm whose chart may know the value of the count."""

    def __init__(self, workload, takes=True, releases=("carts",)):
        self.cluster, self.workload, self.takes, self.releases, self.upgrades = None, workload, takes, releases, []
        self.error = None

    def history(self, release, *, namespace):
        return [{"revision": 1}] if release in self.releases else []

    def values(self, release, *, namespace):
        return {"image": "carts:1", "replicaCount": 1}

    def manifest(self, release, *, namespace):
        return []

    def preview(self, release, chart, *, namespace, values):
        return [values["replicaCount"]] if self.takes else []

    def stop(self):
        """There is no process to end."""


@pytest.fixture
def operator(tmp_path, monkeypatch):
    """Make an operator on a release with a chart."""
    (tmp_path / "carts" / "charts" / "carts").mkdir(parents=True)
    (tmp_path / "carts" / "charts" / "carts" / "Chart.yaml").write_text("name: carts\n")
    monkeypatch.setattr("slipway.hooks.pods.describe", lambda *_: "Pod carts-1: no node")

    def make(helm, kind=HelmScaleOperator, **arguments):
        made = kind(task_id="action", files=tmp_path, seat=Seat("action"), **arguments)
        made.hook = helm
        made.workload_of = lambda release, payload: helm.workload

        def upgrade(release, chart, values_files, values, context):
            if helm.error:
                raise helm.error
            helm.upgrades.append(values)
            helm.workload.count = values["replicaCount"]
            return {"version": 7}

        made.upgrade = upgrade
        return made

    return make


def payload_of(begin, value="+1"):
    """Return what `get-action` led to."""
    return {**begin, "action": {"name": "a", "action": "scale", "value": value}}


def test_a_chart_with_the_value_is_scaled_by_its_own_values(operator, context, begin):
    """All other values stay, and with them the image; what follows knows the revision."""
    helm = StandInHelm(StandInWorkload())
    report = operator(helm).perform(payload_of(begin), context)
    assert [{"image": "carts:1", "replicaCount": 2}] == helm.upgrades
    assert {"before": 1, "after": 2, "byValues": True} == report.data["scaling"]
    assert {"release": "carts", "namespace": "shop-qa", "revision": 7} == report.data["deployment"]
    assert "Deployment carts in shop-qa: 1 → 2 replicas, by its value replicaCount." == report.message


def test_a_chart_without_the_value_is_scaled_by_the_api(operator, context, begin):
    """Or one that would change more than the count: the image that runs must stay."""
    helm = StandInHelm(StandInWorkload(), takes=False)
    report = operator(helm).perform(payload_of(begin, "3"), context)
    assert ([], [3]) == (helm.upgrades, helm.workload.scaled)
    assert {"before": 1, "after": 3, "byValues": False} == report.data["scaling"]


def test_a_service_whose_chart_is_gone_or_broken_is_scaled_all_the_same(operator, context, begin, tmp_path):
    """A release that runs can be healed without it."""
    helm = StandInHelm(StandInWorkload())
    helm.preview = lambda *_, **__: (_ for _ in ()).throw(HelmFailed("no template 'x'"))
    operator(helm).perform(payload_of(begin, "2"), context)
    (tmp_path / "carts" / "charts" / "carts" / "Chart.yaml").unlink()
    context["task_state_store"].clear()
    operator(helm).perform(payload_of(begin, "3"), context)
    assert ([], [2, 3]) == (helm.upgrades, helm.workload.scaled)


def test_a_retry_does_not_add_twice(operator, context, begin):
    """The count before is kept over the tries."""
    helm = StandInHelm(StandInWorkload(), takes=False)
    helm.workload.wait_until_ready = lambda *_: (_ for _ in ()).throw(HelmUnavailable("away"))
    with pytest.raises(HelmUnavailable):
        operator(helm).perform(payload_of(begin), context)
    assert 2 == helm.workload.count
    helm.workload.wait_until_ready = lambda *_: True
    report = operator(helm).perform(payload_of(begin), context)
    assert {"before": 1, "after": 2, "byValues": False} == report.data["scaling"]


def test_a_count_that_is_there_already_changes_nothing(operator, context, begin):
    """And nothing is remembered as healed."""
    helm = StandInHelm(StandInWorkload(count=2))
    report = operator(helm).perform(payload_of(begin, "2"), context)
    assert ({}, [], []) == (report.data, helm.upgrades, helm.workload.scaled)


def test_the_older_action_adds_a_plain_number(operator, context, begin):
    """jobs.md R68."""
    helm = StandInHelm(StandInWorkload(count=2))
    operator(helm, plain_adds=True).perform(payload_of(begin, "1"), context)
    assert 3 == helm.workload.count


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ("two", r"action\.value: 'two' is no number"),
        (None, r"action\.value: None is no number"),
        ("11", r"would have 11 replicas; at most 10 .*healing\.maxReplicas"),
        ("-1", "would have 0 replicas; at least 1"),
    ],
)
def test_what_cannot_be_is_refused(operator, context, begin, value, said):
    """Before anything is done."""
    helm = StandInHelm(StandInWorkload())
    with pytest.raises(TaskFailed, match=said):
        operator(helm).perform(payload_of(begin, value), context)
    assert 1 == helm.workload.count


def test_a_release_that_does_not_exist_is_a_clear_failure(operator, context, begin):
    """It names release and namespace."""
    with pytest.raises(TaskFailed, match=r"no release 'carts' in shop-qa, so .*\. Deliver first"):
        operator(StandInHelm(StandInWorkload(), releases=())).perform(payload_of(begin), context)


def test_replicas_that_do_not_get_ready_fail_with_what_the_pods_say(operator, context, begin):
    """By the API as by Helm."""
    helm = StandInHelm(StandInWorkload(ready=False), takes=False)
    with pytest.raises(TaskFailed, match=r"(?s)not ready with 2 replicas after 300 s\.\nPod carts-1: no node"):
        operator(helm).perform(payload_of(begin), context)
    helm = StandInHelm(StandInWorkload())
    helm.error = HelmFailed("timed out")
    with pytest.raises(TaskFailed, match="timed out"):
        operator(helm).perform(payload_of(begin), context)


@pytest.fixture
def asked(records, ti):
    """The task of this test was allowed to act; return the id of its action."""
    run = TaskRun(ti.dag_id, ti.run_id, ti.task_id, "0")
    new = NewAction(
        context="c", project="shop", stage="qa", service="carts", run=run, action="scale", value="+1",
        asked=timezone.utcnow(),
    )  # fmt: skip
    return records.actions.ask(new, HealingSettings()).id


@pytest.mark.parametrize("takes", [True, False])
def test_a_count_that_did_not_get_ready_is_told_and_can_be_scaled_back(operator, context, begin, records, asked, takes):
    """The cluster has it: by the API as by Helm, which keeps what it applied."""
    helm = StandInHelm(StandInWorkload(ready=False), takes=takes)
    made = operator(helm)

    def applied_and_not_ready(release, chart, values_files, values, context):
        helm.workload.count = values["replicaCount"]
        raise HelmFailed("timed out")

    made.upgrade = applied_and_not_ready
    with pytest.raises(TaskFailed, match=r"It has 2 replicas now; before, 1\."):
        made.perform(payload_of(begin), context)
    healed = records.actions.healed("shop", "qa", "carts")
    assert (asked, 1, 2, None) == (healed.action, healed.former, healed.replicas, healed.ready)
    context["task_state_store"].clear()
    helm.workload.ready = True
    operator(helm, ScaleBackOperator).perform(begin, context)
    assert (1, None) == (helm.workload.count, records.actions.healed("shop", "qa", "carts"))


def test_what_changed_nothing_leaves_nothing_to_scale_back(operator, context, begin, records, asked):
    """Such as an upgrade that Helm refused."""
    helm = StandInHelm(StandInWorkload())
    helm.error = HelmFailed("invalid values")
    with pytest.raises(TaskFailed, match=r"invalid values$"):
        operator(helm).perform(payload_of(begin), context)
    assert records.actions.healed("shop", "qa", "carts") is None


def test_a_scaling_that_is_broken_off_is_recorded(operator, context, begin, records, asked):
    """Whoever ends the task, or its worker: the cluster may have the new count."""
    helm = StandInHelm(StandInWorkload())
    helm.error = SystemExit()
    with pytest.raises(SystemExit):
        operator(helm).perform(payload_of(begin), context)
    healed = records.actions.healed("shop", "qa", "carts")
    assert (1, 2) == (healed.former, healed.replicas)


def test_too_many_replicas_may_still_be_made_fewer(operator, context, begin):
    """The highest count forbids no step towards it."""
    helm = StandInHelm(StandInWorkload(count=20), takes=False)
    operator(helm).perform(payload_of(begin, "-1"), context)
    assert 19 == helm.workload.count


def test_a_workload_that_cannot_be_scaled_says_why(operator, context, begin):
    """Such as one with a scaler of its own."""
    made = operator(StandInHelm(StandInWorkload()))

    def none(release, payload):
        raise NotScaled("has a HorizontalPodAutoscaler")

    made.workload_of = none
    with pytest.raises(TaskFailed, match="HorizontalPodAutoscaler"):
        made.perform(payload_of(begin), context)


@pytest.fixture
def healed(records, context):
    """Healing gave carts 2 replicas instead of 1; return the id of the action."""
    run = TaskRun("shop.qa.remediation", "one", "action", "0")
    now = timezone.utcnow()
    new = NewAction(
        context="c", project="shop", stage="qa", service="carts", run=run, action="scale", value="+1", asked=now
    )
    asked = records.actions.ask(new, HealingSettings())
    records.actions.finish(asked.id, "done", "", Scaled(1, 2, False))
    return asked.id


def test_a_service_gets_its_former_count_back(operator, context, begin, records, healed):
    """That is recorded, and the healed count matters no more."""
    helm = StandInHelm(StandInWorkload(count=2), takes=False)
    payload = {**begin, "scale-back": {"action": healed}}
    report = operator(helm, ScaleBackOperator).perform(payload, context)
    assert (1, "pass") == (helm.workload.count, report.result)
    assert records.actions.healed("shop", "qa", "carts") is None
    [back] = [one for one in records.actions.find() if one.action == "scale-back"]
    assert ("done", Scaled(2, 1, False)) == (back.state, back.scaled)
    again = operator(helm, ScaleBackOperator).perform(payload, context)
    assert "Nothing to scale back" in again.message


def test_a_newer_action_has_its_own_way_back(operator, context, begin, records, healed):
    """The older one leaves it alone."""
    helm = StandInHelm(StandInWorkload(count=2), takes=False)
    report = operator(helm, ScaleBackOperator).perform({**begin, "scale-back": {"action": "an older one"}}, context)
    assert (2, "A newer action") == (helm.workload.count, report.message[:14])
    assert records.actions.healed("shop", "qa", "carts")


def test_a_count_that_a_delivery_went_back_to_is_nobody_s_own(operator, context, begin, records, healed):
    """Healing gave 2, and then 4, which never got ready: a delivery keeps the 2, and the way back stays open."""
    run = TaskRun("shop.qa.remediation", "two", "action", "0")
    new = NewAction(
        context="c", project="shop", stage="qa", service="carts", run=run, action="scale", value="4",
        asked=timezone.utcnow(),
    )  # fmt: skip
    second = records.actions.ask(new, HealingSettings(cooldown=0))
    records.actions.change(run, Scaled(2, 4, False))
    records.actions.finish(second.id, "failed", "not ready")
    helm = StandInHelm(StandInWorkload(count=2), takes=False)
    report = operator(helm, ScaleBackOperator).perform(begin, context)
    assert (1, True) == (helm.workload.count, "2 → 1 replicas" in report.message)


def test_a_release_that_is_gone_needs_no_way_back(operator, context, begin, records, healed):
    """Else its way back would fail and start itself again without end."""
    report = operator(StandInHelm(StandInWorkload(), releases=()), ScaleBackOperator).perform(begin, context)
    assert ("pass", "Service 'carts' is gone: nothing to scale back.") == (report.result, report.message)
    assert records.actions.healed("shop", "qa", "carts") is None


def test_a_count_that_somebody_set_by_hand_stays(operator, context, begin, records, healed):
    """A person decided meanwhile."""
    helm = StandInHelm(StandInWorkload(count=5), takes=False)
    report = operator(helm, ScaleBackOperator).perform(begin, context)
    assert (5, "Somebody gave it 5 replicas") == (helm.workload.count, report.message[:27])
    assert records.actions.healed("shop", "qa", "carts") is None
