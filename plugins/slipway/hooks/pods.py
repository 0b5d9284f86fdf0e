"""What the pods of a namespace say: why they are not ready, and the last words of their logs."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from kubernetes.client.exceptions import ApiException
from urllib3.exceptions import HTTPError

from slipway.hooks.cluster import ClusterHook

LOG_LINES = 15
NO_ANSWER = (ApiException, HTTPError)
# A container that waits for one of these does not come right by more waiting.
HOPELESS = frozenset(
    {"ErrImagePull", "ImagePullBackOff", "InvalidImageName", "CrashLoopBackOff", "CreateContainerConfigError"}
)


def not_ready(hook: ClusterHook, namespace: str, selector: str) -> dict[str, str]:
    """Return ``{pod name: why}`` for the pods that are not ready.

    :param selector: a label selector, e.g. ``app.kubernetes.io/instance=carts``.
    """
    pods = hook.core_v1_client.list_namespaced_pod(namespace, label_selector=selector).items
    return {pod.metadata.name: _why(pod) for pod in pods if not _is_ready(pod)}


def is_hopeless(why: str) -> bool:
    """Say whether a pod that waits for this reason will stay as it is."""
    return any(word in HOPELESS for word in why.replace(":", " ").split())


def describe(hook: ClusterHook, namespace: str, selector: str) -> str:
    """Return readable lines for every pod that is not ready: reason, newest events, last log lines.

    It adds to an error that is under way, so it raises none itself.
    """
    lines: list[str] = []
    try:
        for name, why in not_ready(hook, namespace, selector).items():
            lines.append(f"Pod {name}: {why}")
            lines += [f"  event: {text}" for text in _events(hook, namespace, name)]
            lines += [f"  log: {text}" for text in _last_log_lines(hook, namespace, name)]
    except NO_ANSWER as error:
        lines.append(f"The cluster at {hook.address} said no more about the pods: {error}")
    return "\n".join(lines)


def _is_ready(pod: Any) -> bool:
    if pod.metadata.deletion_timestamp or pod.status.phase == "Succeeded":
        return True
    return any(one.type == "Ready" and one.status == "True" for one in pod.status.conditions or [])


def _why(pod: Any) -> str:
    statuses = [*(pod.status.init_container_statuses or []), *(pod.status.container_statuses or [])]
    for status in statuses:
        waiting, ended = status.state.waiting, status.state.terminated
        if waiting and waiting.reason != "PodInitializing":
            return f"container {status.name} waits: {waiting.reason}: {waiting.message or ''}".rstrip(": ")
        if ended and ended.exit_code:
            return f"container {status.name} ended with exit code {ended.exit_code} ({ended.reason})"
        if not status.ready and status.state.running:
            return f"container {status.name} runs but is not ready"
    for condition in pod.status.conditions or []:
        if condition.status != "True" and condition.message:
            return f"{condition.reason}: {condition.message}"
    return str(pod.status.phase)


def _events(hook: ClusterHook, namespace: str, pod: str) -> Iterator[str]:
    found = hook.core_v1_client.list_namespaced_event(namespace, field_selector=f"involvedObject.name={pod}").items
    newest = sorted(found, key=lambda one: str(one.last_timestamp or one.event_time or ""))[-5:]
    for one in newest:
        yield f"{one.type} {one.reason}: {one.message}"


def _last_log_lines(hook: ClusterHook, namespace: str, pod: str) -> list[str]:
    for previous in (False, True):
        try:
            text = hook.core_v1_client.read_namespaced_pod_log(pod, namespace, tail_lines=LOG_LINES, previous=previous)
        except ApiException:  # no container has started yet: there is no log
            continue
        if text:
            return str(text).splitlines()
    return []
