"""The stage's cluster, with a stand-in for Kubernetes' own client."""

import pytest
from kubernetes.client.exceptions import ApiException
from slipway.hooks import pods
from slipway.hooks.cluster import ClusterHook
from slipway.hooks.faults import NoAccess


class StandInCore:
    """Answers with these status codes; no code: it works."""

    def __init__(self, read=None, create=None):
        self.read, self.create, self.patched = read, create, []

    def read_namespace(self, namespace):
        if self.read:
            raise ApiException(status=self.read)

    def create_namespace(self, body):
        self.created = body.metadata.name
        if self.create:
            raise ApiException(status=self.create)

    def patch_namespaced_service_account(self, name, namespace, body):
        self.patched.append((name, namespace, body))


@pytest.fixture
def cluster(monkeypatch):
    """A hook whose client is the stand-in."""
    monkeypatch.setenv("AIRFLOW_CONN_KUBERNETES_SHOP_QA", '{"conn_type": "kubernetes"}')

    def make(core):
        hook = ClusterHook(kubernetes_conn_id="kubernetes_shop_qa")
        hook.__dict__["core_v1_client"] = core
        hook.__dict__["address"] = "https://stand-in:6443"
        return hook

    return make


def test_a_missing_namespace_is_made(cluster):
    """And one that somebody else made meanwhile is fine."""
    core = StandInCore(read=404)
    cluster(core).ensure_namespace("shop-qa")
    assert "shop-qa" == core.created
    cluster(StandInCore(read=404, create=409)).ensure_namespace("shop-qa")


def test_a_missing_right_says_what_to_do(cluster):
    """Which cluster, which connection, which command."""
    with pytest.raises(NoAccess, match=r"stand-in:6443.*kubernetes_shop_qa.*cluster grant"):
        cluster(StandInCore(read=403, create=403)).ensure_namespace("shop-qa")


def test_another_answer_is_a_fault_of_the_ground(cluster):
    """It is tried again."""
    with pytest.raises(ApiException):
        cluster(StandInCore(read=500)).ensure_namespace("shop-qa")


def test_pods_pull_with_the_named_secrets(cluster):
    """By the namespace's default account."""
    core = StandInCore()
    cluster(core).ensure_namespace("shop-qa", ["registry"])
    assert [("default", "shop-qa", {"imagePullSecrets": [{"name": "registry"}]})] == core.patched


def test_a_cluster_that_does_not_answer_does_not_hide_the_error_under_way(cluster):
    """Describing pods never raises."""

    class Away:
        def list_namespaced_pod(self, *_, **__):
            raise ApiException(status=503, reason="away")

    assert "stand-in:6443" in pods.describe(cluster(Away()), "shop-qa", "app=carts")


@pytest.mark.parametrize(
    ("why", "expected"),
    [
        ("container carts waits: ImagePullBackOff: Back-off pulling image", True),
        ("container carts waits: ErrImagePull", True),
        ("container carts waits: ContainerCreating", False),
        ("container carts runs but is not ready", False),
    ],
)
def test_some_reasons_to_wait_are_hopeless(why, expected):
    """An image that is not there does not come by waiting."""
    assert expected == pods.is_hopeless(why)
