"""Messages to people through Airflow's notifiers, as ``[slipway] notifiers`` names them (docs/notices.md)."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

from airflow.sdk.configuration import conf
from airflow.sdk.module_loading import import_string

from slipway.links import run_url

APPROVAL, FAILED, FINISHED = "approval", "failed", "finished"
log = logging.getLogger(__name__)


def tell(occasion: str, context: Mapping[str, Any], payload: Mapping[str, Any], *, result: str, message: str) -> None:
    """Let every notifier that wants it tell of something. What goes wrong is logged, and changes no outcome.

    Their templates see ``slipway``: project, stage, service, image, result, message, run_url.

    :param occasion: approval, failed or finished.
    :param context: of the running task.
    :param payload: data of a task or of a sequence; what it does not name is empty.
    """
    try:
        configured = [one for one in conf.getjson("slipway", "notifiers", fallback=[]) if occasion in _occasions(one)]
    except Exception:
        log.exception("[slipway] notifiers cannot be read: write a JSON list of objects with 'class' and 'kwargs'.")
        return
    for one in configured:
        try:
            notice = _notice(payload, result=result, message=message, run_url=_run_url(context["ti"]))
            import_string(one["class"])(**one.get("kwargs", {}))({**context, "slipway": notice})
        except Exception:
            log.exception("The notifier %s of [slipway] notifiers could not tell of '%s'.", one.get("class"), occasion)


def _notice(payload: Mapping[str, Any], **told: str) -> dict[str, str]:
    from slipway_core.evidence import image_of  # late: most have no notifiers

    place = {name: str(payload.get(name) or "") for name in ("project", "stage", "service")}
    return {**place, "image": image_of(payload), **told}


def _run_url(ti: Any) -> str:
    return str(run_url(ti.dag_id, ti.run_id))


def _occasions(configured: Mapping[str, Any]) -> Any:
    return configured.get("on", (APPROVAL, FAILED, FINISHED))
