"""What Prometheus is told to scrape."""

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
