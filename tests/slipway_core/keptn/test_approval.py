"""What the strategy of an approval decides."""

import pytest
from slipway_core.keptn.approval import APPROVE, ASK, DECLINE, decide, effective_result, started_message

AUTOMATIC = {"pass": "automatic", "warning": "automatic"}
MANUAL = {"pass": "manual", "warning": "manual"}


@pytest.mark.parametrize(
    ("result", "properties", "expected"),
    [
        pytest.param("pass", {"pass": "automatic"}, APPROVE, id="R53-pass-automatic"),
        pytest.param("pass", {"pass": "manual"}, ASK, id="R53-pass-manual"),
        pytest.param("pass", None, ASK, id="R54-no-properties"),
        pytest.param("pass", {}, ASK, id="R54-empty-properties"),
        pytest.param("pass", {"pass": "Automatic"}, ASK, id="R54-other-spelling"),
        pytest.param("pass", {"pass": True}, ASK, id="R54-no-text"),
        pytest.param("pass", {"warning": "automatic"}, ASK, id="R53-strategy-of-the-other-result"),
        pytest.param("warning", {"warning": "automatic"}, APPROVE, id="R55-warning-automatic"),
        pytest.param("warning", {"pass": "automatic"}, ASK, id="R55-warning-not-said"),
        pytest.param("warning", MANUAL, ASK, id="R55-warning-manual"),
        pytest.param("fail", MANUAL, DECLINE, id="R56-fail-manual"),
        pytest.param("fail", AUTOMATIC, DECLINE, id="R56-fail-automatic"),
        pytest.param("fail", {"fail": "automatic"}, DECLINE, id="R56-fail-has-no-strategy"),
        pytest.param("", AUTOMATIC, ASK, id="R57-no-result"),
        pytest.param("unknown", {"unknown": "automatic"}, ASK, id="R57-unknown-result"),
    ],
)
def test_the_strategy_decides(result, properties, expected):
    """When in doubt, a person does (sequences.md R53 to R57)."""
    assert expected == decide(result, properties)


@pytest.mark.parametrize(
    ("payload", "expected"),
    [
        ({"result": "pass"}, "pass"),
        ({"result": "warning", "evaluation": {"result": "pass"}}, "warning"),
        ({"evaluation": {"result": "pass"}}, "pass"),
        ({"result": "", "evaluation": {"result": "warning"}}, "warning"),
        ({"result": None}, ""),
        ({"evaluation": "done"}, ""),
        ({"evaluation": {}}, ""),
        ({}, ""),
    ],
)
def test_the_evaluation_speaks_when_no_result_came_in(payload, expected):
    """As in a sequence that somebody starts by hand (R57)."""
    assert expected == effective_result(payload)


@pytest.mark.parametrize(
    ("result", "properties", "strategy"),
    [
        ("pass", {"pass": "automatic"}, "automatic"),
        ("pass", None, "manual"),
        ("warning", {"pass": "automatic", "warning": "by nobody"}, "by nobody"),
        ("fail", MANUAL, "automatic"),
        ("", AUTOMATIC, "manual"),
    ],
)
def test_the_text_of_started_is_keptns(result, properties, strategy):
    """It names result and strategy."""
    assert f"Approval strategy for result '{result}': {strategy}" == started_message(result, properties)
