"""The corpus of real Keptn files: our verdicts on shipyards against those of Keptn's own readers.

Set SLIPWAY_CORPUS to the corpus folder (the one with INDEX.tsv) to run it.
"""

import csv
import os
from pathlib import Path

import pytest
from slipway_core.keptn.lint import lint_file

CORPUS = os.environ.get("SLIPWAY_CORPUS")
pytestmark = pytest.mark.skipif(not CORPUS, reason="SLIPWAY_CORPUS does not name the corpus folder")


def rows():
    """Return the rows of the corpus's index."""
    with Path(CORPUS, "INDEX.tsv").open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream, delimiter="\t", quoting=csv.QUOTE_NONE))


def test_shipyards_are_judged_as_keptn_judged_them():
    """Shipyards of the 0.1.x days are refused, each with how to lift it; all others agree with the index."""
    disagreeing = []
    for row in (row for row in rows() if row["kind"] == "shipyard"):
        report = lint_file(Path(CORPUS, row["file"]), row["file"])
        if row["trait"].startswith("0.1.x form"):
            agrees = any("Lift it to 0.2" in problem.advice for problem in report.problems) and not report.valid
        else:
            agrees = report.valid == (row["expected"] == "valid")
        if not agrees:
            disagreeing.append(row["file"])
    assert [] == disagreeing


def test_remediation_files_are_judged_as_keptn_judged_them():
    """Those of another version than 0.1.4 are refused with how to lift them; all others agree with the index."""
    disagreeing = []
    for row in (row for row in rows() if row["kind"] == "remediation"):
        report = lint_file(Path(CORPUS, row["file"]), row["file"])
        if row["expected"] == "valid" and row["apiVersion"] != "spec.keptn.sh/0.1.4":
            agrees = any("Lift it to 0.1.4" in problem.advice for problem in report.problems) and not report.valid
        else:
            agrees = report.valid == (row["expected"] == "valid")
        if not agrees:
            disagreeing.append(row["file"])
    assert [] == disagreeing


def test_every_error_names_a_line_and_what_to_do():
    """Over all kinds of files."""
    for row in rows():
        for problem in lint_file(Path(CORPUS, row["file"]), row["file"]).problems:
            if problem.severity == "error":
                assert problem.line
                assert problem.advice


def test_the_kind_of_every_file_is_found():
    """By content, or by name where the content is broken."""
    wrong = [row["file"] for row in rows() if lint_file(Path(CORPUS, row["file"])).kind != row["kind"]]
    assert [] == wrong
