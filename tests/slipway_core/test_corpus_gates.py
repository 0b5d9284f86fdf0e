"""The corpus of real slo.yaml and sli.yaml files: our verdicts on them against those of Keptn's own readers.

Set SLIPWAY_CORPUS to the corpus folder (the one with INDEX.tsv) to run it.
"""

import csv
import os
from pathlib import Path

import pytest
from slipway_core.keptn.problems import has_errors
from slipway_core.keptn.sli import check_sli
from slipway_core.keptn.slo import check_slo

CORPUS = os.environ.get("SLIPWAY_CORPUS")
pytestmark = pytest.mark.skipif(not CORPUS, reason="SLIPWAY_CORPUS does not name the corpus folder")
CHECKS = {"slo": check_slo, "sli": check_sli}


@pytest.mark.parametrize("kind", CHECKS)
def test_files_are_judged_as_keptn_judged_them(kind):
    """Valid or invalid, as the index says; every error names a line and what to do."""
    with Path(CORPUS, "INDEX.tsv").open(encoding="utf-8", newline="") as stream:
        rows = [row for row in csv.DictReader(stream, delimiter="\t", quoting=csv.QUOTE_NONE) if row["kind"] == kind]
    disagreeing = []
    for row in rows:
        problems = check_gate(kind, row["file"])
        if has_errors(problems) == (row["expected"] == "valid"):
            disagreeing.append(row["file"])
    assert rows
    assert disagreeing == []


def check_gate(kind, file):
    """Return the problems of one file; every error has a line and advice."""
    problems = CHECKS[kind](Path(CORPUS, file).read_bytes(), file)
    assert all(problem.line and problem.advice for problem in problems if problem.severity == "error")
    return problems
