"""Links from a task's page: to the runs before and after it, to the service, to the load report, to the verdict."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from airflow.sdk import BaseOperatorLink
from airflow.sdk.configuration import conf
from airflow.sdk.execution_time.xcom import XCom
from airflow.utils.helpers import build_airflow_dagrun_url

run_url = build_airflow_dagrun_url


def page_url(*parts: str) -> str:
    """Return the address of a page of Slipway's own."""
    base = conf.get("api", "base_url", fallback="/").rstrip("/")
    return f"{base}/slipway/" + "/".join(quote(part, safe="") for part in parts)


class _StoredLink(BaseOperatorLink):
    """A link whose address the task stores in the XCom ``xcom_key`` while it runs.

    Airflow shows what that XCom holds. It writes what ``get_link`` gives there only after the task's state is known: a
    key of its own would stay empty until then.
    """

    def get_link(self, operator: Any, *, ti_key: Any) -> str:
        return XCom.get_value(ti_key=ti_key, key=self.xcom_key) or ""


class StartedRunLink(_StoredLink):
    """From a handover to the run that it started."""

    name = "Started run"
    xcom_key = "started_run"


class StartedByLink(_StoredLink):
    """From a run's first task to the run that started it."""

    name = "Started by"
    xcom_key = "started_by"


class SourceCommitLink(_StoredLink):
    """From a run's first task to the commit that its files come from, when the Git remote has web pages."""

    name = "Source commit"
    xcom_key = "source_commit"


class RunAheadLink(_StoredLink):
    """From a run that waits for its lane to the run that was just before it when it came."""

    name = "Run ahead"
    xcom_key = "run_ahead"


class LoadReportLink(_StoredLink):
    """From a load test to Locust's own report."""

    name = "Load report"
    xcom_key = "load_report"


class LoadStatisticsLink(_StoredLink):
    """From a load test to its figures as JSON."""

    name = "Load statistics"
    xcom_key = "load_statistics"


class ServiceLink(_StoredLink):
    """From a deployment to the public address of the service, if it has one."""

    name = "Service"
    xcom_key = "service_address"


class VerdictLink(BaseOperatorLink):
    """From a quality gate to its verdict, objective by objective."""

    name = "Verdict"

    def get_link(self, operator: Any, *, ti_key: Any) -> str:
        if not XCom.get_value(ti_key=ti_key, key="evaluation"):
            return ""
        return page_url("verdicts", ti_key.dag_id, ti_key.run_id, ti_key.task_id)


class QueriesLink(_StoredLink):
    """From a quality gate to its queries in Prometheus' own page, over its window."""

    name = "Queries"
    xcom_key = "queries"


class BaselineRunLink(_StoredLink):
    """From a quality gate to the run of the newest evaluation that it was compared with."""

    name = "Baseline run"
    xcom_key = "baseline_run"
