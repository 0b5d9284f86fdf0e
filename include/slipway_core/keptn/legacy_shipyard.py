"""Shipyards of the 0.1.x days: recognised, refused, and how to lift them (sequences.md 1.5)."""

from __future__ import annotations

from typing import TypeGuard

from slipway_core.keptn.source import Items, Mapping, Node, Scalar, Source

_STRATEGIES = ("deployment_strategy", "test_strategy", "approval_strategy", "remediation_strategy")


def looks_like_it(root: Node) -> TypeGuard[Mapping]:
    """Say whether this is the 0.1.x form: `stages:` at the top, without `apiVersion` and `spec`."""
    return (
        isinstance(root, Mapping)
        and isinstance(root.get("stages"), Items)
        and "apiVersion" not in root.entries
        and "spec" not in root.entries
    )


def refuse(root: Mapping, source: Source) -> None:
    """Report the whole file as too old, with what each of its settings becomes."""
    stages = root.get("stages")
    used = _strategies_used(stages.items if isinstance(stages, Items) else [])
    steps = [
        "Lift it to 0.2: begin with 'apiVersion: spec.keptn.sh/0.2.3', put 'stages' under 'spec:', and give each stage",
        "  sequences:",
        "    - name: delivery",
        "      triggeredOn: [{event: <stage before>.delivery.finished}]   # all but the first stage",
        "      tasks: [{name: deployment}, {name: test}, {name: evaluation}, {name: release}]",
    ]
    steps += [f"  - {_becomes(strategy, used[strategy])}" for strategy in _STRATEGIES if strategy in used]
    message = "this is a shipyard of the 0.1.x days, which Keptn 1.x no longer reads, nor do we."
    source.report(root.line_of("stages"), message, "\n".join(steps))


def _strategies_used(stages: list[Node]) -> dict[str, str]:
    """Return each strategy that occurs, with the first value given for it."""
    used: dict[str, str] = {}
    for stage in stages:
        if isinstance(stage, Mapping):
            for key in _STRATEGIES:
                node = stage.get(key)
                if node is not None:
                    used.setdefault(key, node.text if isinstance(node, Scalar) else "")
    return used


def _becomes(strategy: str, value: str) -> str:
    if strategy == "deployment_strategy":
        return (
            f"deployment_strategy becomes {{name: deployment, properties: {{deploymentstrategy: {value or 'direct'}}}}}"
        )
    if strategy == "test_strategy":
        return f"test_strategy becomes {{name: test, properties: {{teststrategy: {value or 'performance'}}}}}"
    if strategy == "approval_strategy":
        return (
            "approval_strategy becomes the first task of the stage, "
            "{name: approval, properties: {pass: automatic, warning: manual}}"
        )
    return (
        "remediation_strategy: automated becomes a sequence 'remediation' of its own "
        "with the tasks get-action, action and evaluation"
    )
