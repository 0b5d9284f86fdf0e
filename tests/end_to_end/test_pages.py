"""What a person sees, in a real browser. SLIPWAY_SCREENSHOTS names a folder that gets pictures of it."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Page, expect, sync_playwright
from slipway_cluster.debian import PackagesUnavailable, install_tools
from slipway_local.airflow import LocalAirflow
from slipway_local.api import AirflowApi
from slipway_local.approvals import open_approvals
from slipway_local.deliveries import deliver, follower

from tests.end_to_end.conftest import PROJECT, cannot, within

pytestmark = pytest.mark.browser
expect.set_options(timeout=45_000)  # on a busy machine Airflow's pages take their time
QA, PRODUCTION = f"{PROJECT}.qa.delivery", f"{PROJECT}.production.delivery"
GOOD = "ghcr.io/slipway-samples/helloservice:v0.1.1"
SLOW = "ghcr.io/slipway-samples/helloservice:v0.1.2"
# Without these, Chromium asks the internet for this and that as soon as it starts.
QUIET = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update"]


def installed_chromium() -> str:
    """Return the path of Chromium; as root, install it where it is missing."""
    if shutil.which("chromium") is None and os.geteuid() == 0:
        try:
            install_tools(["chromium"])
        except PackagesUnavailable as error:
            cannot(f"no Chromium, and it cannot be installed: {error}")
    return shutil.which("chromium") or cannot("no Chromium on PATH: apt-get install chromium")


@pytest.fixture(scope="module")
def page(airflow: LocalAirflow) -> Iterator[Page]:
    """Open a browser that is logged in as admin."""
    chromium = installed_chromium()
    login = {"username": "admin", "password": airflow.password()}
    token = httpx.post(f"{airflow.address}/auth/token", json=login).json()["access_token"]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=QUIET)
        context = browser.new_context(viewport={"width": 1400, "height": 1000}, base_url=airflow.address)
        context.add_cookies([{"name": "_token", "value": token, "url": airflow.address}])
        yield context.new_page()
        browser.close()


def picture(page: Page, name: str) -> None:
    """Keep a picture of the page when somebody asked for pictures."""
    if folder := os.environ.get("SLIPWAY_SCREENSHOTS"):
        page.wait_for_timeout(1500)
        page.screenshot(path=Path(folder) / name)


def test_the_form_asks_for_service_and_image_and_begins_a_delivery(page: Page, api: AirflowApi) -> None:
    """Filled in and sent, it makes a run with that image."""
    api.wait_for_dag(QA)
    before = {run["dag_run_id"] for run in api.dag_runs(QA)}
    page.goto(f"/dags/{QA}")
    page.get_by_role("button", name="Trigger").first.click()
    page.locator("input[name=element_image]").fill(GOOD)
    expect(page.get_by_text("Which service of project")).to_be_visible()
    picture(page, "trigger-form.png")
    page.get_by_role("dialog").get_by_role("button", name="Trigger").click()
    page.wait_for_timeout(3000)
    (new,) = [run for run in api.dag_runs(QA) if run["dag_run_id"] not in before]
    assert new["conf"]["image"] == GOOD
    assert api.wait_for_run(QA, new["dag_run_id"])["state"] == "success"


def test_a_run_shows_its_tasks_and_leads_to_the_next(page: Page, api: AirflowApi) -> None:
    """The tasks have the shipyard's names; from the handover a button leads to the run in production."""
    delivery = deliver(api, QA, "helloservice", GOOD, {})
    page.goto(f"/dags/{QA}/runs/{delivery.run_id}")
    expect(page.get_by_role("link", name="deployment").first).to_be_visible()
    picture(page, "run.png")
    page.goto(f"/dags/{QA}/runs/{delivery.run_id}/tasks/test/details")
    expect(page.get_by_role("link", name="Load statistics")).to_be_visible()
    page.goto(page.get_by_role("link", name="Load report").get_attribute("href") or "")
    expect(page.get_by_text("Request Statistics")).to_be_visible()  # an empty page has no such words
    page.goto(f"/dags/{QA}/runs/{delivery.run_id}/tasks/slipway_follow_0/details")
    page.get_by_role("link", name="Started run").click()
    expect(page.get_by_text("Follows")).to_be_visible()
    picture(page, "followed-run.png")
    page.goto(page.get_by_role("link", name=QA).last.get_attribute("href") or "")  # the note's link opens a new tab
    expect(page.get_by_role("heading", name=delivery.run_id)).to_be_visible()


def test_an_open_approval_shows_what_one_has_to_know(page: Page, api: AirflowApi) -> None:
    """Image, the gate's table and the load figures stand where the decision is made."""
    delivery = deliver(api, QA, "helloservice", GOOD, {})
    run_id = follower(api, delivery.context, PRODUCTION)
    assert run_id is not None
    assert within(60, lambda: open_approvals(api, PRODUCTION, run_id) != [])
    page.goto(f"/dags/{PRODUCTION}/runs/{run_id}/tasks/approval/required_actions")
    for text in (
        "Release helloservice",
        "Runs there now",
        "Quality gate: pass",
        "Load test",
        "Mean response time in seconds",
    ):
        expect(page.get_by_text(text).first).to_be_visible()
    expect(page.get_by_role("button", name="Approve")).to_be_visible()
    picture(page, "open-approval.png")


def test_a_failed_gate_says_why(page: Page, api: AirflowApi) -> None:
    """In the run, in the task's log, and on the page of the verdict."""
    slow = deliver(api, QA, "helloservice", SLOW, {"build": "slow"})
    page.goto(f"/dags/{QA}/runs/{slow.run_id}")
    expect(page.get_by_role("link", name="evaluation").first).to_be_visible()
    picture(page, "failed-gate.png")
    page.goto(f"/dags/{QA}/runs/{slow.run_id}/tasks/evaluation")
    expect(page.get_by_text("missed: <=0.2").first).to_be_visible()
    page.goto(f"/dags/{QA}/runs/{slow.run_id}/tasks/evaluation/details")
    page.goto(page.get_by_role("link", name="Verdict").get_attribute("href") or "")
    expect(page.get_by_role("heading", name="helloservice in qa")).to_contain_text("fail")
    expect(page.get_by_role("cell", name="missed: <=0.2")).to_be_visible()
    picture(page, "verdict.png")
