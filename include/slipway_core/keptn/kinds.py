"""Which of Keptn's files, or of ours, is this? By what stands in it, else by its name and folder."""

from __future__ import annotations

from pathlib import PurePath

from slipway_core.keptn import settings
from slipway_core.keptn.source import Items, Mapping, Node, Scalar

_NAMED = ("shipyard", "slo", "sli", "remediation", "job", "webhook", "jmeter", "locust")
KINDS = (*_NAMED, "slipway")
PROVIDERS = ("prometheus", "dynatrace", "datadog")

_KIND_WORDS = {
    "shipyard": "shipyard",
    "remediation": "remediation",
    "webhookconfig": "webhook",
    "servicelevelobjectives": "slo",
}


def kind_of_file(path: PurePath, root: Node | None) -> str | None:
    """Return the kind of a file, or ``None`` when nothing tells it."""
    if path.name == settings.FILE:  # its "stages" would tell of a shipyard
        return "slipway"
    return kind_by_content(root, path) or kind_by_name(path)


def kind_by_text(lines: list[str]) -> str | None:
    """Return the kind that a file says itself in a line `kind: …`, for files too broken to have content."""
    for line in lines:
        key, _, word = line.partition(":")
        if key == "kind" and (known := _KIND_WORDS.get(word.strip().strip("'\"").lower())):
            return known
    return None


def kind_by_content(root: Node | None, path: PurePath) -> str | None:
    """Return the kind that the top of a file tells."""
    if not isinstance(root, Mapping):
        return None
    word = root.get("kind")
    if isinstance(word, Scalar) and (known := _KIND_WORDS.get(word.text.lower())):
        return known
    spec = root.get("spec")
    spec_keys = set(spec.entries) if isinstance(spec, Mapping) else set()
    keys = set(root.entries)
    for kind, telling in (("shipyard", "stages"), ("remediation", "remediations"), ("webhook", "webhooks")):
        if telling in spec_keys:
            return kind
    if "objectives" in keys or "total_score" in keys:
        return "slo"
    if "indicators" in keys:
        return "sli"
    if "remediations" in keys:
        return "remediation"
    if isinstance(root.get("stages"), Items):
        return "shipyard"
    if "workloads" in keys:
        return "locust" if "locust" in str(path).lower() else "jmeter"
    return "job" if "actions" in keys else None


def kind_by_name(path: PurePath) -> str | None:
    """Return the kind that a file's name, or its folder, tells."""
    name, folder = path.name.lower(), path.parent.name.lower()
    if name in ("config.yaml", "config.yml") and folder == "job":
        return "job"
    for kind in _NAMED:
        if name.startswith(kind) or folder == kind:
            return kind
    return "sli" if folder in PROVIDERS and name.startswith("sli") else None


def is_telling_name(relative: PurePath) -> bool:
    """Say whether a file of a project is read as one of Keptn's, going by its place alone."""
    folder = relative.parent.name
    name = relative.with_suffix(".yaml").name if relative.suffix == ".yml" else relative.name
    if name in ("slo.yaml", "remediation.yaml"):
        return True
    places = {
        "job": "config.yaml",
        "webhook": "webhook.yaml",
        "jmeter": "jmeter.conf.yaml",
        "locust": "locust.conf.yaml",
    }
    return places.get(folder) == name or (name == "sli.yaml" and folder in PROVIDERS)
