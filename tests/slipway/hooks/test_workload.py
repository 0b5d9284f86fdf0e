"""Counts of replicas, by a stand-in for the API."""

import copy
from types import SimpleNamespace

import pytest
from kubernetes.client.exceptions import ApiException
from slipway.hooks.faults import NoAccess, NotScaled
from slipway.hooks.workload import MANAGER, Workload

NAMES = ("carts", "shop-qa-carts")


def deployment(name="carts", replicas=1, kind="Deployment", image="carts:1"):
    """Return an object of a release."""
    containers = [{"image": image}]
    return {"kind": kind, "metadata": {"name": name}, "spec": {"replicas": replicas, "template": containers}}


class StandInApi:
    """One Deployment, with the field owners that the API keeps."""

    def __init__(self, error=None, conflicts=0):
        self.count, self.owners, self.error, self.conflicts = 1, ["helm", "kube-controller-manager"], error, conflicts

    def read_namespaced_deployment(self, name, namespace):
        self._fail()
        fields = [SimpleNamespace(manager=one) for one in self.owners]
        status = SimpleNamespace(observed_generation=1, replicas=self.count, ready_replicas=self.count)
        return SimpleNamespace(metadata=SimpleNamespace(generation=1, managed_fields=fields), status=status)

    def read_namespaced_deployment_scale(self, name, namespace):
        self._fail()
        return SimpleNamespace(spec=SimpleNamespace(replicas=self.count))

    def patch_namespaced_deployment_scale(self, name, namespace, body, field_manager):
        self._fail()
        self.count = body["spec"]["replicas"]
        self.owners.append(field_manager)

    def patch_namespaced_deployment(self, name, namespace, body):
        test, remove = body
        place = int(remove["path"].rsplit("/", 1)[1])
        if self.conflicts or self.owners[place] != test["value"]:
            self.conflicts -= 1
            raise ApiException(status=422)
        del self.owners[place]

    def _fail(self):
        if self.error:
            raise ApiException(status=self.error)


def workload(api=None):
    """Return the workload on a stand-in."""
    return Workload(SimpleNamespace(apps_v1_client=api, conn_id="kubernetes_shop_qa"), "Deployment", "carts", "shop-qa")


def test_a_scaled_workload_gives_the_field_back():
    """Helm 4 refuses a field that somebody else owns; a change meanwhile is no reason to give up."""
    api = StandInApi(conflicts=2)
    workload(api).scale(3)
    assert (3, ["helm", "kube-controller-manager"]) == (api.count, api.owners)
    assert 3 == workload(api).replicas()
    assert workload(api).wait_until_ready(3, 0)
    assert not workload(api).wait_until_ready(4, 0)


def test_a_field_that_cannot_be_given_back_is_told():
    """The next upgrade would fail for a reason that nobody sees."""
    api = StandInApi(conflicts=99)
    with pytest.raises(NotScaled, match="could not be given back"):
        workload(api).scale(3)
    assert MANAGER in api.owners


@pytest.mark.parametrize(
    ("status", "error", "said"),
    [(404, NotScaled, "somebody removed it"), (403, NoAccess, "kubernetes_shop_qa"), (500, ApiException, "500")],
)
def test_what_the_api_refuses_is_told_apart(status, error, said):
    """Gone, not allowed, or a fault of the ground that another try may cure."""
    with pytest.raises(error, match=said):
        workload(StandInApi(error=status)).replicas()


@pytest.mark.parametrize(
    ("objects", "name"),
    [
        ([deployment("other"), deployment("carts")], "carts"),
        ([deployment("worker")], "worker"),
        ([{"kind": "Service", "metadata": {"name": "carts"}}, deployment("db", kind="StatefulSet")], "db"),
    ],
)
def test_the_workload_is_the_one_named_like_the_service_else_the_only_one(objects, name):
    """Of the kinds that have a count."""
    assert name == Workload.of(None, "shop-qa", objects, NAMES).name


@pytest.mark.parametrize(
    ("objects", "said"),
    [
        ([], "It has: none"),
        ([deployment("a"), deployment("b")], "It has: Deployment a, Deployment b"),
        (
            [
                deployment(),
                {
                    "kind": "HorizontalPodAutoscaler",
                    "spec": {"scaleTargetRef": {"kind": "Deployment", "name": "carts"}},
                },
            ],
            "has a HorizontalPodAutoscaler",
        ),
    ],
)
def test_a_workload_that_nobody_can_choose_or_that_scales_itself_is_refused(objects, said):
    """With what there is."""
    with pytest.raises(NotScaled, match=said):
        Workload.of(None, "shop-qa", objects, NAMES)


@pytest.mark.parametrize(
    ("after", "only"),
    [
        ([deployment(replicas=2), deployment("other")], True),
        ([deployment(replicas=3), deployment("other")], False),  # the value did something else
        ([deployment(replicas=1), deployment("other")], False),  # it did nothing
        ([deployment(replicas=2, image="carts:2"), deployment("other")], False),
        ([deployment(replicas=2)], False),
    ],
)
def test_only_a_change_of_the_count_alone_is_made_by_values(after, only):
    """Else the chart is not the one that runs, and its image would come along."""
    before = [deployment(), deployment("other")]
    kept = copy.deepcopy(before)
    assert only == workload().only_count_changes(before, after, 2)
    assert kept == before
