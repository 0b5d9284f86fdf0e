"""A small project as Keptn left it in Git, in each of its two layouts: one service, two stages, no load, no gate.

Each stage has a chart and values of its own, so that what runs in the cluster tells where it came from.
"""

from __future__ import annotations

import io
import tarfile
from collections.abc import Mapping

from slipway_core.publish.remote.layout import FOLDERS

from tests.slipway_core.publish.remote.conftest import Remote, by_branches

SERVICE, STAGES = "greeter", ("qa", "production")
SHIPYARD = """\
apiVersion: spec.keptn.sh/0.2.2
kind: Shipyard
metadata: {name: any}
spec:
  stages:
    - name: qa
      sequences:
        - name: delivery
          tasks: [{name: deployment}, {name: release}]
    - name: production
      sequences:
        - name: delivery
          triggeredOn: [{event: qa.delivery.finished}]
          tasks: [{name: deployment}, {name: release}]
"""
DEPLOYMENT = """\
apiVersion: apps/v1
kind: Deployment
metadata: {name: "{{ .Release.Name }}", labels: {chart-of: "{{ .Values.chartOf }}"}}
spec:
  selector: {matchLabels: {app: "{{ .Release.Name }}"}}
  template:
    metadata: {labels: {app: "{{ .Release.Name }}"}}
    spec:
      terminationGracePeriodSeconds: 1
      containers: [{name: main, image: "{{ .Values.image }}", env: [{name: WORD, value: "{{ .Values.word }}"}]}]
"""


def chart(stage: str) -> dict[str, str]:
    """Return the files of the chart; each stage has one of its own, as Keptn kept them."""
    return {
        "Chart.yaml": f"apiVersion: v2\nname: {SERVICE}\nversion: 0.1.0\n",
        "values.yaml": f"chartOf: {stage}\n",
        "templates/deployment.yaml": DEPLOYMENT,
    }


def packed(files: Mapping[str, str]) -> bytes:
    """Return a chart as `helm package` makes it."""
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w:gz") as tar:
        for path, text in files.items():
            member = tarfile.TarInfo(f"{SERVICE}/{path}")
            member.size = len(text.encode())
            tar.addfile(member, io.BytesIO(text.encode()))
    return archive.getvalue()


def values(word: str) -> str:
    """Return a stage's own values of the service."""
    return f"word: {word}\n"


def first_word(stage: str) -> str:
    """Return what the service is told in a stage, to begin with."""
    return f"first-of-{stage}"


def branch_of(stage: str) -> dict[str, str | bytes]:
    """Return the files of a stage's branch; the chart lies where `keptn add-resource` was mostly told to put it."""
    return {
        f"{SERVICE}/metadata.yaml": f"servicename: {SERVICE}\n",
        f"{SERVICE}/helm/{SERVICE}.tgz": packed(chart(stage)),
        f"{SERVICE}/values.yaml": values(first_word(stage)),
    }


def folder_of(stage: str) -> dict[str, str]:
    """Return the files of a stage's folder; here the chart lies unpacked."""
    files = {
        "metadata.yaml": f"stagename: {stage}\n",
        f"{SERVICE}/metadata.yaml": f"servicename: {SERVICE}\n",
        f"{SERVICE}/values.yaml": values(first_word(stage)),
        **{f"{SERVICE}/charts/{SERVICE}/{path}": text for path, text in chart(stage).items()},
    }
    return {f"{FOLDERS}/{stage}/{path}": text for path, text in files.items()}


def write_branches(repository: Remote) -> None:
    """Write the project with a branch per stage."""
    by_branches(repository, SHIPYARD, {stage: branch_of(stage) for stage in STAGES})


def write_folders(repository: Remote) -> None:
    """Write the project with a folder per stage."""
    project = {"shipyard.yaml": SHIPYARD, "metadata.yaml": "isUsingDirectoryStructure: true\n"}
    repository.commit(project | folder_of("qa") | folder_of("production"))
