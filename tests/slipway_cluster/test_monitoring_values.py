"""What Prometheus and Alertmanager are told, and whose it is."""

from typing import Any, NamedTuple

from slipway_cluster.monitoring_values import ScrapeTarget, jobs_of, with_services


class Route(NamedTuple):
    """Stands in for where a project's alerts go."""

    project: str
    token: str = "secret"
    token_file: str = "the.token"

    @property
    def receiver(self) -> dict[str, Any]:
        """A receiver of this project."""
        return {"name": self.project}

    @property
    def route(self) -> dict[str, Any]:
        """A route of this project."""
        return {"receiver": self.project}


def alerts(name: str, limit: int = 1) -> dict[str, Any]:
    """Return a group of one rule."""
    return {"name": name, "rules": [{"alert": "slow", "expr": f"q>{limit}"}]}


QA = ScrapeTarget("helloservice", "fulltour", "qa")
SHOP = ScrapeTarget("cart", "shop", "production")
QA_ALERTS = ScrapeTarget("helloservice", "fulltour", "qa", alerts("qa alerts"))
SHOP_ALERTS = ScrapeTarget("cart", "shop", "production", alerts("shop alerts"))
BOTH = ["qa alerts", "shop alerts"]


def groups(values: dict[str, Any]) -> list[str]:
    """Return the names of the groups of rules."""
    return sorted(group["name"] for group in values["alertingRuleGroups"])


def receivers(values: dict[str, Any]) -> list[str]:
    """Return the projects whose alerts go somewhere."""
    return sorted(one["project"] for one in values["alertReceivers"])


def names(values: dict[str, Any]) -> list[str]:
    """Return the names of the scrape jobs."""
    return [job["name"] for job in values["scrapeJobs"]]


def test_a_job_is_named_and_addressed_as_keptn_did() -> None:
    """evaluation.md 12: `<service>-<project>-<stage>` scrapes the Service in the stage's namespace."""
    assert ("helloservice-fulltour-qa", "helloservice.fulltour-qa:80") == (QA.job, QA.address)


def test_jobs_of_other_projects_and_other_settings_stay() -> None:
    """Adding a project's services takes nothing from another's, nor from what a person set."""
    before = with_services({"prometheus": {"retention": "1d"}}, [SHOP])
    after = with_services(before, [QA])
    assert {"retention": "1d"} == after["prometheus"]
    assert ["cart-shop-production", "helloservice-fulltour-qa"] == names(after)
    assert {"cart-shop-production", "helloservice-fulltour-qa"} == jobs_of(after)


def test_adding_again_changes_nothing() -> None:
    """Installing twice gives the same values."""
    routes = [Route("fulltour"), Route("shop")]
    once = with_services({}, [QA_ALERTS, SHOP_ALERTS], routes, "demo")
    assert once == with_services(once, [SHOP_ALERTS, QA_ALERTS], reversed(routes), "demo")
    assert once == with_services(once, [QA_ALERTS])


def test_what_an_owner_wants_no_more_is_removed() -> None:
    """A project that is gone; what another Airflow or nobody in particular added stays."""
    others = with_services(with_services({}, [SHOP], owner="test"), [ScrapeTarget("a", "b", "c")])
    both = with_services(others, [QA], owner="demo")
    assert ["cart-shop-production", "a-b-c", "helloservice-fulltour-qa"] == names(both)
    assert ["cart-shop-production", "a-b-c"] == names(with_services(both, [], owner="demo"))


def test_a_target_that_is_to_be_kept_stays_but_is_not_added() -> None:
    """Its stage may be away for a moment, or may never have been there. Its rules and its route stay as well."""
    before = with_services({}, [QA_ALERTS], [Route("fulltour")], "demo")
    kept = with_services(before, [], owner="demo", keep=[QA, SHOP])
    assert before == kept


def test_rules_and_routes_of_other_projects_stay() -> None:
    """decisions.md: Keptn lost the rules of another service."""
    before = with_services({}, [SHOP_ALERTS], [Route("shop")], "test")
    after = with_services(before, [QA_ALERTS], [Route("fulltour")], "demo")
    assert (BOTH, ["fulltour", "shop"]) == (groups(after), receivers(after))
    gone = with_services(after, [], owner="demo")
    assert (["shop alerts"], ["shop"]) == (groups(gone), receivers(gone))


def test_rules_that_a_person_added_stay() -> None:
    """They have no owner; so do other services of the same project."""
    own = {"alertingRuleGroups": [alerts("by hand")]}
    after = with_services(with_services(own, [QA_ALERTS], owner="demo"), [SHOP_ALERTS])
    assert ["by hand", *BOTH] == groups(after)
    assert ["by hand", "shop alerts"] == groups(with_services(after, [], owner="demo"))


def test_a_service_has_its_newest_rules_and_no_others() -> None:
    """Changed ones replace the old; a service that lost its remediation.yaml loses its rules, whoever says so."""
    before = with_services({}, [QA_ALERTS, SHOP_ALERTS], owner="demo")
    changed = with_services(before, [ScrapeTarget("helloservice", "fulltour", "qa", alerts("qa alerts", 2))])
    assert ["q>1", "q>2"] == sorted(group["rules"][0]["expr"] for group in changed["alertingRuleGroups"])
    assert {"demo"} == {group["owner"] for group in changed["alertingRuleGroups"]}
    assert ["shop alerts"] == groups(with_services(changed, [QA]))
    assert ["shop alerts"] == groups(with_services(changed, [QA, SHOP_ALERTS], owner="demo"))


def test_a_project_without_rules_needs_no_route() -> None:
    """It goes with the last of them."""
    before = with_services({}, [QA_ALERTS], [Route("fulltour")], "demo")
    assert [] == receivers(with_services(before, [QA], owner="demo", keep=[QA]))
