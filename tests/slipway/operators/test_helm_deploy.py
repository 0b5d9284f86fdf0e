"""Deploying with a stand-in for Helm."""

import pytest
from airflow.sdk import timezone
from airflow.sdk.exceptions import AirflowFailException
from slipway.hooks.faults import HelmFailed, HelmUnavailable, NoAccess
from slipway.operators.helm_deploy import HelmDeployOperator
from slipway.operators.task import Seat, TaskFailed, TaskStopped
from slipway_core.keptn.settings import HealingSettings
from slipway_core.records import NewAction, Scaled, TaskRun

OBJECTS = [
    {"kind": "Service", "metadata": {"name": "metrics"}, "spec": {"ports": [{"port": 9090}]}},
    {"kind": "Service", "metadata": {"name": "carts"}, "spec": {"ports": [{"port": 80}]}},
    {
        "kind": "Deployment",
        "metadata": {"name": "carts"},
        "spec": {
            "selector": {"matchLabels": {"app": "carts"}},
            "template": {"spec": {"containers": [{"image": "ghcr.io/shop/carts:1.0"}]}},
        },
    },
]
INGRESS = {"kind": "Ingress", "metadata": {"name": "carts"}, "spec": {"tls": [{}], "rules": [{"host": "carts.shop"}]}}


class StandInCluster:
    """Remembers the namespaces it was asked to make."""

    address = "https://stand-in:6443"

    def __init__(self):
        self.namespaces = []

    def ensure_namespace(self, namespace, pull_secrets=()):
        self.namespaces.append((namespace, pull_secrets))


class StandInHelm:
    """A Helm that does what it is told; ``error`` makes the upgrade fail."""

    def __init__(self, error=None, objects=OBJECTS, releases=()):
        self.cluster, self.error, self.objects, self.releases = StandInCluster(), error, objects, releases
        self.upgrades = []

    def stop(self):
        """There is no process to end."""

    def history(self, release, *, namespace):
        return [{"revision": 1}] if release in self.releases else []

    def manifest(self, release, *, namespace):
        return self.objects

    def upgrade(self, release, chart, **arguments):
        self.upgrades.append((release, chart, arguments))
        if self.error:
            raise self.error
        return {"version": 4}


@pytest.fixture
def project(tmp_path):
    """A project with a chart and values on both levels."""
    for path in ("carts/charts/carts/Chart.yaml", "carts/values.yaml", "stages/qa/carts/values.yaml"):
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text("name: carts\n")
    return tmp_path


def operator(project, helm, properties=None, **kwargs):
    made = HelmDeployOperator(task_id="deployment", files=project, seat=Seat("deployment", properties), **kwargs)
    made.hook = helm
    return made


def test_a_deployment_reports_addresses_revision_and_image(project, context, ti, begin):
    """The Service named like the service comes first."""
    ti.put("slipway_begin", "triggered", {"context": "c", "data": begin})
    reported = operator(project, StandInHelm()).execute(context)
    assert {
        "deploymentstrategy": "direct",
        "deploymentURIsLocal": ["http://carts.shop-qa:80"],
        "deploymentURIsPublic": [],
        "uri": "http://carts.shop-qa:80",
        "deploymentNames": ["direct"],
        "release": "carts",
        "namespace": "shop-qa",
        "revision": 4,
        "image": "ghcr.io/shop/carts:1.0",
    } == reported["deployment"]


def test_a_public_address_is_linked(project, context, ti):
    """That of the release's Ingress."""
    reported = operator(project, StandInHelm(objects=[*OBJECTS, INGRESS])).execute(context)
    assert ["https://carts.shop"] == reported["deployment"]["deploymentURIsPublic"]
    assert "https://carts.shop" == ti.pushed("service_address")


def test_values_of_the_stage_lie_over_those_of_the_service_and_the_payload_over_all(project, context, ti, begin):
    """In the order in which Helm merges them."""
    begin["configurationChange"] = {"values": {"image": "ghcr.io/shop/carts:1.0", "replicaCount": 2}}
    ti.put("slipway_begin", "triggered", {"context": "c", "data": begin})
    helm = StandInHelm()
    operator(project, helm).execute(context)
    [(release, chart, arguments)] = helm.upgrades
    assert ("carts", project / "carts/charts/carts") == (release, chart)
    assert [project / "carts/values.yaml", project / "stages/qa/carts/values.yaml"] == arguments["values_files"]
    assert {"image": "ghcr.io/shop/carts:1.0", "replicaCount": 2} == arguments["values"]
    assert "shop-qa" == arguments["namespace"]


def test_the_namespace_is_made_with_its_pull_secrets(project, context):
    """Before Helm begins."""
    helm = StandInHelm()
    operator(project, helm, image_pull_secrets=["registry"]).execute(context)
    assert [("shop-qa", ["registry"])] == helm.cluster.namespaces


def test_a_shipyard_may_name_pull_secrets(project, context):
    """In the properties of the task; what is no list of names is refused."""
    helm = StandInHelm()
    operator(project, helm, {"imagePullSecrets": ["registry", "registry"]}).execute(context)
    assert [("shop-qa", ["registry"])] == helm.cluster.namespaces
    with pytest.raises(TaskFailed, match="imagePullSecrets"):
        operator(project, helm, {"imagePullSecrets": "registry"}).execute(context)


def test_a_stop_from_outside_is_no_outcome(project, context, monkeypatch):
    """No report says fail, so nothing follows a failure that was none; Airflow may try again."""
    monkeypatch.setattr("slipway.hooks.pods.describe", lambda *_: "")
    made = operator(project, StandInHelm(error=HelmFailed("terminated")))
    made.on_kill()
    with pytest.raises(TaskStopped):
        made.execute(context)
    assert context["ti"].pushed("finished") is None


def test_the_connection_is_that_of_the_stage(project, context):
    """Unless another is named."""
    made = operator(project, StandInHelm())
    made.execute(context)
    assert "kubernetes_shop_qa" == made.kubernetes_conn_id
    named = operator(project, StandInHelm(), kubernetes_conn_id="elsewhere")
    named.execute(context)
    assert "elsewhere" == named.kubernetes_conn_id


def test_a_release_of_the_longer_name_is_adopted(project, context):
    """It was made by another executor; never double it (decisions.md)."""
    helm = StandInHelm(releases=["shop-qa-carts"])
    assert "shop-qa-carts" == operator(project, helm).execute(context)["deployment"]["release"]


def test_a_missing_chart_names_where_to_put_one(tmp_path, context):
    """All three places."""
    with pytest.raises(TaskFailed, match=r"carts/charts/carts\.tgz.*carts/charts/carts/.*carts/helm/"):
        operator(tmp_path, StandInHelm()).execute(context)


def test_blue_green_is_a_clear_error(project, context):
    """And nothing is deployed."""
    helm = StandInHelm()
    with pytest.raises(TaskFailed, match=r"blue_green_service.*not built"):
        operator(project, helm, {"deploymentstrategy": "blue_green_service"}).execute(context)
    assert [] == helm.upgrades


@pytest.mark.parametrize(
    ("values", "said"),
    [("text", "values must be a mapping"), ({"image": "two words"}, "one word"), ({"image": 5}, "one word")],
)
def test_values_that_cannot_be_used_are_refused(project, context, ti, begin, values, said):
    """By the name of the field."""
    begin["configurationChange"] = {"values": values}
    ti.put("slipway_begin", "triggered", {"context": "c", "data": begin})
    with pytest.raises(TaskFailed, match=said):
        operator(project, StandInHelm()).execute(context)


def test_a_release_that_does_not_get_ready_says_what_the_pods_say(project, context, ti, monkeypatch):
    """Helm's words and the pods' own; not tried again; the report says errored."""
    asked = []
    monkeypatch.setattr("slipway.hooks.pods.describe", lambda *given: asked.append(given) or "Pod carts-1: no image")
    helm = StandInHelm(HelmFailed("context deadline exceeded"))
    with pytest.raises(AirflowFailException, match=r"(?s)did not get ready.*deadline exceeded.*Pod carts-1: no image"):
        operator(project, helm).execute(context)
    assert [(helm.cluster, "shop-qa", "app=carts")] == asked
    assert "errored" == ti.pushed("finished")["status"]


def test_a_fault_of_the_ground_is_tried_again(project, context):
    """The cluster being away is no outcome."""
    with pytest.raises(HelmUnavailable):
        operator(project, StandInHelm(HelmUnavailable("cluster unreachable"))).execute(context)


def test_a_missing_right_is_an_outcome(project, context):
    """Another try ends alike."""
    with pytest.raises(TaskFailed, match="may not"):
        operator(project, StandInHelm(NoAccess("may not"))).execute(context)


@pytest.fixture
def heal(records):
    """Give carts two replicas instead of one, by the value of its chart or by the API."""

    def go(by_values, state="done"):
        new = NewAction(
            context="c",
            project="shop",
            stage="qa",
            service="carts",
            run=TaskRun("shop.qa.remediation", "one", "action"),
            action="scale",
            value="+1",
            asked=timezone.utcnow(),
        )
        asked = records.actions.ask(new, HealingSettings())
        records.actions.finish(asked.id, state, "", Scaled(1, 2, by_values))

    return go


class StandInWorkload:
    """Has what the chart says, until it is scaled."""

    kind, name, namespace = "Deployment", "carts", "shop-qa"

    def __init__(self, count):
        self.count = count

    def replicas(self):
        return self.count

    def scale(self, count):
        self.count = count

    def wait_until_ready(self, count, timeout):
        return self.count == count


@pytest.mark.parametrize(("by_values", "given"), [(True, {"replicaCount": 2}), (False, {})])
def test_the_next_delivery_keeps_a_healed_count(project, context, heal, by_values, given):
    """In the way in which it was given; the chart's own number would undo it (decisions.md)."""
    heal(by_values)
    helm, workload = StandInHelm(releases=("carts",)), StandInWorkload(2 if by_values else 1)
    made = operator(project, helm)
    made.workload_of = lambda release, payload: workload
    message = made.execute(context)["message"]
    assert (given, 2) == (helm.upgrades[0][2]["values"], workload.count)
    assert message.endswith("It keeps the 2 replicas that healing gave it.")


@pytest.mark.parametrize("by_values", [True, False])
def test_a_delivery_does_not_keep_a_count_that_never_got_ready(project, context, heal, by_values):
    """It would not get ready either."""
    heal(by_values, "failed")
    helm = StandInHelm(releases=("carts",))
    message = operator(project, helm).execute(context)["message"]
    assert ({}, False) == (helm.upgrades[0][2]["values"], "healing gave it" in message)


@pytest.mark.parametrize("state", ["done", "failed"])
def test_a_release_that_is_installed_anew_was_never_healed(project, context, heal, records, state):
    """Somebody removed it, or the cluster is a new one; whether or not its count got ready."""
    heal(True, state)
    helm = StandInHelm()
    operator(project, helm).execute(context)
    assert ({}, None) == (helm.upgrades[0][2]["values"], records.actions.healed("shop", "qa", "carts"))


def test_a_delivery_that_names_a_count_ends_the_healed_one(project, context, ti, begin, heal, records):
    """Its own values win, also over later deliveries (decisions.md)."""
    heal(True)
    begin["configurationChange"] = {"values": {"replicaCount": 5}}
    ti.put("slipway_begin", "triggered", {"context": "c", "data": begin})
    helm = StandInHelm()
    operator(project, helm).execute(context)
    assert {"replicaCount": 5} == helm.upgrades[0][2]["values"]
    assert records.actions.healed("shop", "qa", "carts") is None
