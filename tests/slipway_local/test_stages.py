from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any, NamedTuple

import pytest
from slipway_cluster.monitoring_values import ScrapeTarget
from slipway_core.alerting.project import Watched
from slipway_core.alerting.rules import Rule
from slipway_core.keptn.event import Scope
from slipway_core.keptn.settings import ProjectSettings, StageSettings
from slipway_local.airflow import LocalAirflow
from slipway_local.errors import ApiError
from slipway_local.publisher import stages_of
from slipway_local.stages import Stage, StageKeeper

BAD = Stage("bad", "dev", ("a",))
QA = Stage("shop", "qa", ("carts", "orders"))


def watched(stage: str) -> Watched:
    """Return a service with one alert rule."""
    return Watched(Scope("shop", stage, "carts"), (Rule("speed", "q>1"),), 600.0)


class Target(NamedTuple):
    """Stands in for the cluster's address."""

    kubeconfig: Path
    embedded: bool = True


class Cluster:
    """Stands in for slipway_cluster: keeps what was granted and what is scraped."""

    def __init__(self, kubeconfig: Path) -> None:
        self.target = Target(kubeconfig)
        self.granted: list[tuple[str, str]] = []
        self.scraped: list[tuple[str, ...]] = []
        self.installed: list[dict[str, Any]] = []
        self.broken_rules: dict[str, str] = {}
        self.refused: set[str] = set()

    def grant(self, target: Target, project: str, stage: str) -> dict[str, Any]:
        """Give access to a stage."""
        if project in self.refused:
            raise ValueError(f"{project} is refused")
        self.granted.append((project, stage))
        return {"kind": "Config"}

    def install(self, target: Target, targets: list[ScrapeTarget], **more: Any) -> None:
        """Take the targets of Prometheus."""
        self.targets = targets
        self.scraped = [(one.service, one.project, one.stage) for one in targets]
        self.installed.append(more)

    def refused_groups(self, groups: Iterable[dict[str, Any]]) -> dict[str, str]:
        """Check alert rules."""
        return {
            group["name"]: self.broken_rules[group["name"]] for group in groups if group["name"] in self.broken_rules
        }


class Api:
    """Stands in for Airflow's API: keeps the connections."""

    def __init__(self) -> None:
        self.connections: dict[str, dict[str, Any]] = {}
        self.descriptions: dict[str, str] = {}

    def get(self, path: str) -> dict[str, Any]:
        """Return a connection's description."""
        name = path.removeprefix("connections/")
        if name not in self.descriptions:
            raise ApiError("not found", 404)
        return {"description": self.descriptions[name]}

    def put_connection(
        self, connection_id: str, conn_type: str, extra: dict[str, Any], description: str, **fields: Any
    ) -> None:
        """Store a connection."""
        self.descriptions[connection_id] = description
        self.connections[connection_id] = {"conn_type": conn_type, **extra, **fields}


@pytest.fixture
def cluster(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Cluster]:
    """Put a stand-in in the place of the cluster's modules."""
    kubeconfig = tmp_path / "kubeconfig"
    kubeconfig.write_text("one")
    made = Cluster(kubeconfig)
    url = "http://127.0.0.1:30090"
    monitoring = SimpleNamespace(install=made.install, PROMETHEUS_URL=url)
    checks = SimpleNamespace(refused_groups=made.refused_groups)
    monkeypatch.setitem(sys.modules, "slipway_cluster.access", SimpleNamespace(grant=made.grant))  # type: ignore[arg-type]
    monkeypatch.setitem(sys.modules, "slipway_cluster.monitoring", monitoring)  # type: ignore[arg-type]
    monkeypatch.setitem(sys.modules, "slipway_cluster.monitoring_checks", checks)  # type: ignore[arg-type]
    target = SimpleNamespace(current_target=lambda: made.target)
    monkeypatch.setitem(sys.modules, "slipway_cluster.target", target)  # type: ignore[arg-type]
    return made


@pytest.fixture
def keeper(described: LocalAirflow, cluster: Cluster, monkeypatch: pytest.MonkeyPatch) -> StageKeeper:
    """Return a keeper that talks to stand-ins only."""
    monkeypatch.setattr(LocalAirflow, "api", lambda _: Api())
    return StageKeeper(described, lambda project: f"token of {project}")


def test_a_stage_gets_access_connection_and_scraping(keeper: StageKeeper, cluster: Cluster) -> None:
    """The kubeconfig is a mapping in the connection, so that Airflow masks its token."""
    keeper.want(frozenset({QA}))
    keeper.ready()
    assert cluster.granted == [("shop", "qa")]
    expected = {"conn_type": "kubernetes", "kube_config": {"kind": "Config"}, "namespace": "shop-qa"}
    assert expected == keeper._api.connections["kubernetes_shop_qa"]  # type: ignore[attr-defined]
    assert cluster.scraped == [("carts", "shop", "qa"), ("orders", "shop", "qa")]


def test_gates_get_their_source_of_numbers(keeper: StageKeeper, cluster: Cluster) -> None:
    """The embedded cluster's Prometheus; a connection that a person made stays."""
    keeper.want(frozenset({QA}))
    keeper.ready()
    made = keeper._api.connections["prometheus_default"]  # type: ignore[attr-defined]
    assert made == {"conn_type": "prometheus", "host": "http://127.0.0.1:30090"}


def test_a_source_of_numbers_that_a_person_named_stays(keeper: StageKeeper, cluster: Cluster) -> None:
    """Their description is not ours."""
    keeper._api.descriptions["prometheus_default"] = "the big one"  # type: ignore[attr-defined]
    keeper.want(frozenset({QA}))
    keeper.ready()
    assert "prometheus_default" not in keeper._api.connections  # type: ignore[attr-defined]


def test_a_connection_that_a_person_made_is_left_alone(keeper: StageKeeper, cluster: Cluster) -> None:
    """The stage may have a cluster of its own."""
    keeper._api.descriptions["kubernetes_shop_qa"] = "our big cluster"  # type: ignore[attr-defined]
    keeper.want(frozenset({QA}))
    keeper.ready()
    assert cluster.granted == []
    assert "kubernetes_shop_qa" not in keeper._api.connections  # type: ignore[attr-defined]


def test_a_stage_with_a_connection_of_its_own_gets_none(keeper: StageKeeper, cluster: Cluster) -> None:
    """Neither an account; Prometheus still looks at its services."""
    keeper.want(frozenset({Stage("shop", "qa", ("carts",), "ours")}))
    keeper.ready()
    assert ([], ["prometheus_default"]) == (cluster.granted, list(keeper._api.connections))  # type: ignore[attr-defined]
    assert cluster.scraped == [("carts", "shop", "qa")]


def test_what_is_ready_is_not_done_again(keeper: StageKeeper, cluster: Cluster) -> None:
    """Looking every few seconds costs nothing."""
    keeper.want(frozenset({QA}))
    keeper.ready()
    keeper.ready()
    assert len(cluster.granted) == 1


def test_a_cluster_made_anew_is_readied_again(keeper: StageKeeper, cluster: Cluster) -> None:
    """The accounts of the old one are gone."""
    keeper.want(frozenset({QA}))
    keeper.ready()
    cluster.target.kubeconfig.write_text("two")
    keeper.ready()
    assert len(cluster.granted) == 2


def test_a_cluster_of_ones_own_gets_no_monitoring(keeper: StageKeeper, cluster: Cluster) -> None:
    """Prometheus is ours to install in the embedded cluster only."""
    cluster.target = cluster.target._replace(embedded=False)
    keeper.want(frozenset({QA}))
    keeper.ready()
    assert cluster.granted == [("shop", "qa")]
    assert cluster.scraped == []


def test_every_stage_of_every_project_is_wanted() -> None:
    """Each with all services of its project, the connection that its slipway.yaml names, and its alert rules."""
    settings = ProjectSettings(stages={"production": StageSettings(connection="ours")})
    services = ("carts", "orders")
    project = SimpleNamespace(name="shop", stages=("qa", "production"), services=services, settings=settings, plan="p")
    alerts = watched("production")
    rules = {"p": [alerts, Watched(Scope("shop", "qa", "carts"), why="has no slo.yaml")]}
    expected = [QA, Stage("shop", "production", services, "ours", (alerts,))]
    assert expected == list(stages_of([project], lambda plan: rules[plan]))


def test_a_bad_stage_keeps_no_other_from_becoming_ready(keeper: StageKeeper, cluster: Cluster) -> None:
    """The others get access and scraping, although the bad one comes first; it keeps the targets it has."""
    cluster.refused = {"bad"}
    keeper.want(frozenset({BAD, QA}))
    keeper.ready()
    assert cluster.granted == [("shop", "qa")]
    assert cluster.scraped == [("carts", "shop", "qa"), ("orders", "shop", "qa")]
    assert ScrapeTarget("a", "bad", "dev") in cluster.installed[0]["keep"]


def test_only_a_bad_stage_is_tried_again(keeper: StageKeeper, cluster: Cluster) -> None:
    """What is ready costs nothing while the bad one is tried; once that is good, it is scraped too."""
    cluster.refused = {"bad"}
    keeper.want(frozenset({BAD, QA}))
    keeper.ready()
    keeper.ready()
    assert (cluster.granted, len(cluster.installed)) == ([("shop", "qa")], 1)
    cluster.refused = set()
    keeper.ready()
    assert cluster.granted == [("shop", "qa"), ("bad", "dev")]
    assert ("a", "bad", "dev") in cluster.scraped


def test_each_failure_is_told_once(keeper: StageKeeper, cluster: Cluster, caplog: pytest.LogCaptureFixture) -> None:
    """With the stage's name; the log does not fill up."""
    cluster.refused = {"bad", "shop"}
    keeper.want(frozenset({BAD, QA}))
    for _ in range(3):
        keeper.ready()
    told = [record.getMessage() for record in caplog.records if record.levelname == "WARNING"]
    assert told == [
        "Stage bad-dev is not ready yet, trying again: bad is refused",
        "Stage shop-qa is not ready yet, trying again: shop is refused",
    ]


def test_a_cluster_that_is_away_is_told_once_and_waited_for(
    keeper: StageKeeper, cluster: Cluster, caplog: pytest.LogCaptureFixture
) -> None:
    """Nothing ends."""
    keeper.want(frozenset({QA}))
    cluster.target = cluster.target._replace(kubeconfig=Path("/nowhere"))
    keeper.ready()
    keeper.ready()
    assert len([record for record in caplog.records if record.levelname == "WARNING"]) == 1
    assert cluster.granted == []


def test_projects_that_are_gone_are_scraped_no_more(keeper: StageKeeper, cluster: Cluster) -> None:
    """Even when none is left. Targets are removed under our Airflow's name only: another may share the cluster."""
    keeper.want(frozenset({QA}))
    keeper.ready()
    keeper.want(frozenset())
    keeper.ready()
    assert cluster.scraped == []
    assert cluster.installed[-1] == {"routes": [], "owner": "described", "keep": []}


def test_before_the_first_publishing_nothing_is_removed(keeper: StageKeeper, cluster: Cluster) -> None:
    """Not knowing the projects is not having none."""
    keeper.ready()
    assert cluster.installed == []


QA_WITH_RULES = Stage("shop", "qa", ("carts", "orders"), alerts=(watched("qa"),))
GROUP = "carts shop-qa alerts"


def test_a_service_with_rules_gets_them(keeper: StageKeeper, cluster: Cluster) -> None:
    """The other one is scraped only."""
    keeper.want(frozenset({QA_WITH_RULES}))
    keeper.ready()
    assert [GROUP, None] == [one.alerts and one.alerts["name"] for one in cluster.targets]


def test_alerts_go_to_the_airflow_whose_project_it_is(keeper: StageKeeper, cluster: Cluster) -> None:
    """With a token of the project; a project without rules needs none."""
    keeper.want(frozenset({QA_WITH_RULES, BAD}))
    keeper.ready()
    [route] = cluster.installed[-1]["routes"]
    assert ("shop", "http://127.0.0.1:18081", "token of shop") == route


def test_rules_that_promtool_refuses_keep_no_others_away(
    keeper: StageKeeper, cluster: Cluster, caplog: pytest.LogCaptureFixture
) -> None:
    """They are left out, and told once."""
    cluster.broken_rules = {GROUP: "could not parse"}
    production = Stage("shop", "production", ("carts",), alerts=(watched("production"),))
    for stages in ({QA_WITH_RULES}, {QA_WITH_RULES, production}):
        keeper.want(frozenset(stages))
        keeper.ready()
    with_rules = [(one.stage, one.alerts is not None) for one in cluster.targets if one.service == "carts"]
    assert [("production", True), ("qa", False)] == with_rules
    told = [record.getMessage() for record in caplog.records if record.levelname == "WARNING"]
    assert [f"Group of alert rules {GROUP} is not ready yet, trying again: could not parse"] == told
