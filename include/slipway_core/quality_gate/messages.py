"""The texts of a verdict, in Keptn's own words (evaluation.md 7 and 8): scripts out there match on them."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal

NO_VALUE = "no value received from SLI provider"
KEY_SLI_FAILED = "failed evaluation with score 0.000000"
ABORTED = "evaluation performed by lighthouse was aborted"
NO_HISTORY = "could not retrieve previous evaluation.finished events"
NO_TARGET = "no target score defined"
TARGET_IS_NO_NUMBER = "could not parse pass target percentage"
WARNING_IS_NO_NUMBER = "could not parse warning target percentage"
NO_OBJECTIVE = "lighthouse failed because no SLO objective was provided"


def errored(message: str) -> str:
    """Say that the source of the numbers broke."""
    return f"evaluation performed by lighthouse received an unexpected error: {message}"


def no_slo(project: str) -> str:
    """Say that nothing was judged, for want of a slo.yaml."""
    return f"no evaluation performed by lighthouse because no SLO file configured for project {project}"


def unparsable(project: str, stage: str, service: str) -> str:
    """Say that the slo.yaml cannot be parsed."""
    return f"Could not parse SLO file for service {service} in stage {stage} in project {project}"


def invalid_criterion(name: str, fault: str) -> str:
    """Name the objective whose criterion is invalid."""
    return f"error with {name}: {fault}"


def key_sli_failed(display_name: str, text: str) -> str:
    """Name the key objective that failed the gate."""
    return f"Evaluation failed due to key_sli objective '{display_name}': {text}"


def close_to_warning(score: float, warning: float) -> str:
    """Say that the score reached the warning band only."""
    numbers = f"{number_text(score)} is close to the warning target value of {number_text(warning)}"
    return f"Evaluation returned a warning: the calculated score of {numbers}"


def below_warning(score: float, warning: float) -> str:
    """Say that the score missed the warning band."""
    numbers = f"{number_text(score)} is below the warning value of {number_text(warning)}"
    return f"Evaluation failed since the calculated score of {numbers}"


def below_pass(score: float, passing: float) -> str:
    """Say that the score missed the target, where there is no warning band."""
    numbers = f"{number_text(score)} is below the target value of {number_text(passing)}"
    return f"Evaluation failed since the calculated score of {numbers}"


def source_failed(message: str) -> str:
    """Say that the source of the numbers failed as a whole."""
    return f"lighthouse failed because SLI failed with message {message}"


def leftover(metrics: Iterable[str]) -> str:
    """Name the values that no objective asked for."""
    names = ", ".join(metrics)
    advice = "Please consider using them as an SLO."
    return f"Lighthouse received additional SLIs, which are not specified as SLO: {names} . {advice}"


def number_text(number: float) -> str:
    """Return the shortest text that reads back as the same double: `75`, `66.66666666666666`, `1e+06`."""
    shortest = Decimal(repr(float(number))).normalize()
    if not shortest or -4 <= shortest.adjusted() < 6:
        return f"{shortest:f}"
    mantissa, exponent = f"{shortest:e}".split("e")
    return f"{mantissa}e{exponent[0]}{exponent[1:]:0>2}"
