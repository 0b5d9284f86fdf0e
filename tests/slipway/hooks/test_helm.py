"""What Helm is called with, by a stand-in that records it."""

import json
import shutil
import time
from pathlib import Path

import pytest
from slipway.hooks.cluster import ClusterHook
from slipway.hooks.faults import HelmFailed, HelmUnavailable, NoAccess
from slipway.hooks.helm import HelmHook

KUBECONFIG = {
    "current-context": "other",
    "contexts": [{"name": "mine", "context": {"cluster": "c", "user": "u"}}],
    "clusters": [{"name": "c", "cluster": {"server": "https://127.0.0.1:1"}}],
    "users": [{"name": "u", "user": {"token": "secret"}}],
}
ODD = "$(touch /tmp/slipway-was-here); `id` 'x' \"y\" && z"


class Helm:
    """The stand-in on disk."""

    def __init__(self, folder):
        self.folder = folder
        self.path = Path(shutil.copy(Path(__file__).with_name("helm_stand_in.py"), folder / "helm"))
        self.path.chmod(0o755)
        self.does()

    def does(self, **commands):
        """Say what each command prints and how it ends."""
        (self.folder / "does.json").write_text(json.dumps(commands))

    def calls(self):
        """Return how it was called."""
        return [json.loads(line) for line in (self.folder / "calls.jsonl").read_text().splitlines()]


@pytest.fixture
def helm(tmp_path):
    """Helm's stand-in."""
    return Helm(tmp_path)


@pytest.fixture
def connection(monkeypatch):
    """Make the stage's connection with these extras."""

    def make(**extra):
        monkeypatch.setenv("AIRFLOW_CONN_KUBERNETES_SHOP_QA", json.dumps({"conn_type": "kubernetes", "extra": extra}))

    make(kube_config=json.dumps(KUBECONFIG), cluster_context="mine")
    return make


@pytest.fixture
def hook(helm, connection):
    """The hook, on the stand-in."""
    return HelmHook(cluster=ClusterHook(kubernetes_conn_id="kubernetes_shop_qa"), helm=str(helm.path))


def test_an_upgrade_is_one_plain_command(hook, helm, tmp_path):
    """Files before the payload's values; waiting is Helm's own."""
    helm.does(upgrade={"out": '{"version": 3}'})
    one, two = tmp_path / "one.yaml", tmp_path / "two.yaml"
    one.write_text("a: 1\n"), two.write_text("a: 2\n")
    done = hook.upgrade(
        "carts", Path("/charts/carts"), namespace="shop-qa", values_files=[one, two], values={"image": ODD}, timeout=60
    )
    assert {"version": 3} == done
    [call] = helm.calls()
    argv = call["argv"]
    assert ["upgrade", "carts", "/charts/carts", "--install", "--namespace", "shop-qa"] == argv[:6]
    assert ["--wait", "--timeout", "60s"] == argv[argv.index("--wait") : argv.index("--wait") + 3]
    assert ["a: 1\n", "a: 2\n", json.dumps({"image": ODD})] == call["values"]


def test_odd_values_never_meet_a_shell(hook, helm):
    """They arrive as they are, as one argument."""
    helm.does(rollback={})
    hook.rollback(ODD, 2, namespace="shop-qa")
    assert ["rollback", ODD, "2", "--namespace", "shop-qa"] == helm.calls()[0]["argv"][:5]
    assert not Path("/tmp/slipway-was-here").exists()


def test_going_back_need_not_wait_and_removing_does(hook, helm):
    """Whoever goes back to deploy anew need not see the old pods get ready; removed objects must be gone."""
    helm.does(rollback={}, uninstall={})
    hook.rollback("carts", 2, namespace="shop-qa", wait=False)
    hook.uninstall("carts", namespace="shop-qa")
    rollback, uninstall = (call["argv"] for call in helm.calls())
    assert "--wait" not in rollback
    assert ["uninstall", "carts", "--namespace", "shop-qa", "--wait"] == uninstall[:5]


def test_the_kubeconfig_is_private_and_gone_afterwards(hook, helm):
    """With the connection's context chosen in it."""
    hook.run(["list"])
    [call] = helm.calls()
    assert ("0o600", "0o700") == (call["mode"], call["folder_mode"])
    assert "mine" == call["argv"][call["argv"].index("--kube-context") + 1]
    path = Path(call["argv"][call["argv"].index("--kubeconfig") + 1])
    assert not path.parent.exists()
    assert "secret" not in " ".join(call["argv"])


def test_the_kubeconfig_is_gone_after_a_failure_too(hook, helm):
    """Whatever Helm does."""
    helm.does(list={"code": 1, "err": "no"})
    with pytest.raises(HelmFailed):
        hook.run(["list"])
    argv = helm.calls()[0]["argv"]
    assert not Path(argv[argv.index("--kubeconfig") + 1]).exists()


def test_a_kubeconfig_may_be_a_file(hook, helm, connection, tmp_path):
    """Then the connection names its path."""
    (tmp_path / "mine.json").write_text(json.dumps(KUBECONFIG))
    connection(kube_config_path=str(tmp_path / "mine.json"))
    hook.run(["list"])
    assert "other" == helm.calls()[0]["kubeconfig"]["current-context"]


def test_inside_the_cluster_helm_finds_its_own_way(hook, helm, connection):
    """No kubeconfig at all."""
    connection(in_cluster=True)
    hook.run(["list"])
    assert ["list"] == helm.calls()[0]["argv"]


def test_variables_that_happen_to_be_set_do_not_lead_elsewhere(hook, helm, monkeypatch):
    """Only the connection says which cluster it is."""
    for name in ("KUBECONFIG", "HELM_KUBECONTEXT", "HELM_KUBEAPISERVER", "HELM_NAMESPACE"):
        monkeypatch.setenv(name, "elsewhere")
    hook.run(["list"])
    seen = helm.calls()[0]["environment"]
    assert [] == [one for one in seen if one.startswith(("KUBE", "HELM_"))]


def test_a_connection_without_a_kubeconfig_says_where_to_put_one(hook, connection):
    """By the name of the field."""
    connection()
    with pytest.raises(NoAccess, match=r"kubernetes_shop_qa.*kube_config"):
        hook.run(["list"])


@pytest.mark.parametrize(
    "words",
    [
        "Error: Kubernetes cluster unreachable: Get https://127.0.0.1:1",
        "dial tcp: connect: connection refused",
        "another operation (install/upgrade/rollback) is in progress",
    ],
)
def test_a_fault_of_the_ground_is_told_apart(hook, helm, words):
    """And says which cluster was asked."""
    helm.does(list={"code": 1, "err": words})
    with pytest.raises(HelmUnavailable, match=r"(?s)asked was https://127\.0\.0\.1:1"):
        hook.run(["list"])


def test_any_other_failure_keeps_helms_words(hook, helm):
    """It is no fault of the ground."""
    helm.does(list={"code": 1, "err": "Error: YAML parse error"})
    with pytest.raises(HelmFailed, match="YAML parse error") as raised:
        hook.run(["list"])
    assert not isinstance(raised.value, HelmUnavailable)


def test_a_missing_binary_is_a_fault_of_the_ground(connection):
    """And says what to install."""
    hook = HelmHook(cluster=ClusterHook(kubernetes_conn_id="kubernetes_shop_qa"), helm="no-such-helm")
    with pytest.raises(HelmUnavailable, match=r"no-such-helm.*PATH"):
        hook.run(["list"])


def test_a_release_that_is_not_there_has_no_history(hook, helm):
    """But a cluster that does not answer is an error."""
    helm.does(history={"code": 1, "err": "Error: release: not found"})
    assert [] == hook.history("carts", namespace="shop-qa")
    helm.does(history={"code": 1, "err": "connection refused"})
    with pytest.raises(HelmUnavailable):
        hook.history("carts", namespace="shop-qa")


def test_helm_is_ended_after_its_time(hook, helm):
    """And the message says how long that was."""
    helm.does(list={"seconds": 60})
    with pytest.raises(HelmFailed, match="did not end within 1 s"):
        hook.run(["list"], timeout=1)
    assert (helm.folder / "ended").exists()


def test_what_is_asked_meanwhile_does_not_hide_the_upgrade(hook, helm, monkeypatch):
    """The watcher runs Helm too; giving up still ends the right one, at once."""
    monkeypatch.setattr("slipway.hooks.helm.POLL", 0.2)
    helm.does(upgrade={"seconds": 60}, get={"out": "kind: Service\n"})

    def watch():
        hook.manifest("carts", namespace="shop-qa")
        return "given up"

    began = time.monotonic()
    with pytest.raises(HelmFailed, match="given up"):
        hook.upgrade("carts", Path("/charts/carts"), namespace="shop-qa", while_waiting=watch)
    assert (helm.folder / "ended").exists()
    assert time.monotonic() - began < 25


def test_stop_ends_the_upgrade_from_within_the_wait(hook, helm, monkeypatch):
    """As `on_kill` does."""
    monkeypatch.setattr("slipway.hooks.helm.POLL", 0.2)
    helm.does(upgrade={"seconds": 60})

    def watch():
        hook.manifest("carts", namespace="shop-qa")
        hook.stop()

    with pytest.raises(HelmFailed):
        hook.upgrade("carts", Path("/charts/carts"), namespace="shop-qa", while_waiting=watch)
    assert (helm.folder / "ended").exists()


def test_a_preview_changes_nothing_and_returns_the_objects(hook, helm):
    """Rendered as an upgrade would, by what the cluster says of itself."""
    helm.does(upgrade={"out": json.dumps({"manifest": "kind: Service\n---\nkind: Deployment\n---\n"})})
    objects = hook.preview("carts", Path("/charts/carts"), namespace="shop-qa", values={"replicaCount": 2})
    assert ["Service", "Deployment"] == [one["kind"] for one in objects]
    [call] = helm.calls()
    assert "--dry-run=server" in call["argv"]
    assert "--install" not in call["argv"]
    assert [json.dumps({"replicaCount": 2})] == call["values"]


@pytest.mark.parametrize(("printed", "values"), [("null", {}), ('{"image": "a:1"}', {"image": "a:1"})])
def test_the_values_of_a_release_are_those_it_was_given(hook, helm, printed, values):
    """None, when it was given none."""
    helm.does(get={"out": printed})
    assert values == hook.values("carts", namespace="shop-qa")
    assert ["get", "values", "carts", "--namespace", "shop-qa"] == helm.calls()[0]["argv"][:5]
