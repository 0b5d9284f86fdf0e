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
from slipway_local.deliveries import deliver

from tests.end_to_end.conftest import PROJECT, cannot

pytestmark = pytest.mark.browser
QA = f"{PROJECT}.qa.delivery"
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
    page.locator("input[name=element_image]").fill("ghcr.io/slipway-samples/helloservice:v0.1.1")
    expect(page.get_by_text("Which service of project")).to_be_visible()
    picture(page, "trigger-form.png")
    page.get_by_role("dialog").get_by_role("button", name="Trigger").click()
    page.wait_for_timeout(3000)
    (new,) = [run for run in api.dag_runs(QA) if run["dag_run_id"] not in before]
    assert new["conf"]["image"] == "ghcr.io/slipway-samples/helloservice:v0.1.1"
    assert api.wait_for_run(QA, new["dag_run_id"])["state"] == "success"


def test_a_run_shows_its_tasks_and_leads_to_the_next(page: Page, api: AirflowApi) -> None:
    """The tasks have the shipyard's names; from the handover a button leads to the run in production."""
    image = "ghcr.io/slipway-samples/helloservice:v0.1.1"
    delivery = deliver(api, QA, "helloservice", image, {})
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
