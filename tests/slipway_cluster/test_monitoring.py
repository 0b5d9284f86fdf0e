"""What Prometheus is told to scrape."""

from typing import Any

from slipway_cluster.monitoring import ScrapeTarget, with_scrape_targets

QA = ScrapeTarget("helloservice", "fulltour", "qa")
SHOP = ScrapeTarget("cart", "shop", "production")


def test_a_job_is_named_and_addressed_as_keptn_did() -> None:
    """evaluation.md 12: `<service>-<project>-<stage>` scrapes the Service in the stage's namespace."""
    assert ("helloservice-fulltour-qa", "helloservice.fulltour-qa:80") == (QA.job, QA.address)


def test_jobs_of_other_projects_and_other_settings_stay() -> None:
    """Adding a project's services takes nothing from another's, nor from what a person set."""
    before = with_scrape_targets({"prometheus": {"retention": "1d"}}, [SHOP])
    after = with_scrape_targets(before, [QA])
    assert {"retention": "1d"} == after["prometheus"]
    assert ["cart-shop-production", "helloservice-fulltour-qa"] == [job["name"] for job in after["scrapeJobs"]]


def test_adding_a_target_again_changes_nothing() -> None:
    """Installing twice gives the same values."""
    once = with_scrape_targets({}, [QA, SHOP])
    assert once == with_scrape_targets(once, [SHOP, QA])


def names(values: dict[str, Any]) -> list[str]:
    """Return the names of the scrape jobs."""
    return [job["name"] for job in values["scrapeJobs"]]


def test_what_an_owner_wants_no_more_is_removed() -> None:
    """A project that is gone; what another Airflow or nobody in particular added stays."""
    others = with_scrape_targets(with_scrape_targets({}, [SHOP], "test"), [ScrapeTarget("a", "b", "c")])
    both = with_scrape_targets(others, [QA], "demo")
    assert ["cart-shop-production", "a-b-c", "helloservice-fulltour-qa"] == names(both)
    assert ["cart-shop-production", "a-b-c"] == names(with_scrape_targets(both, [], "demo"))


def test_a_target_that_is_to_be_kept_stays_but_is_not_added() -> None:
    """Its stage may be away for a moment, or may never have been there."""
    before = with_scrape_targets({}, [QA], "demo")
    assert names(before) == names(with_scrape_targets(before, [], "demo", keep=[QA, SHOP]))
