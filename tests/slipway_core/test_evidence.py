"""What somebody who approves a release gets to see."""

import pytest
from slipway_core import evidence

PAYLOAD = {
    "project": "shop",
    "stage": "production",
    "service": "carts",
    "labels": {"build": "42"},
    "configurationChange": {"values": {"image": "ghcr.io/shop/carts:1.1"}},
    "deployment": {"image": "ghcr.io/shop/carts:1.1", "namespace": "shop-qa", "revision": 3},
    "test": {"requests": 900, "failures": 2, "requests_per_second": 15.25, "p95_ms": 181.0, "start": "2026-11-23"},
    "evaluation": {
        "result": "warning",
        "score": 87.5,
        "indicatorResults": [
            {
                "score": 0.5,
                "value": {"metric": "response_time_p95", "value": 650, "comparedValue": 0, "success": True},
                "displayName": "Response time",
                "passTargets": [{"criteria": "<600", "targetValue": 600, "violated": True}],
                "warningTargets": [{"criteria": "<=800", "targetValue": 800, "violated": False}],
                "keySli": False,
                "status": "warning",
            }
        ],
    },
}


def test_the_subject_says_what_goes_where():
    """In one line."""
    assert "Release carts (ghcr.io/shop/carts:1.1) to production of shop?" == evidence.subject(PAYLOAD)


def test_the_body_shows_image_gate_and_load():
    """As tables that Markdown renders."""
    expected = """\
|  |  |
| --- | --- |
| **Image** | ghcr.io/shop/carts:1.1 |
| **Service** | carts of project shop |
| **Stage** | production |
| **Runs there now** | ghcr.io/shop/carts:1.0 |
| **Deployed before** | ghcr.io/shop/carts:1.1, revision 3, in namespace shop-qa |
| **Result so far** | warning |
| **Labels** | build=42 |

**Quality gate: warning, score 87.5 of 100**

| objective | value | limit | baseline | verdict | why |
| --- | --- | --- | --- | --- | --- |
| Response time | 650 | \\<600 | - | warning | missed: \\<600; within: \\<=800 |

**Load test**

| requests | failed | per second | p95 ms |
| --- | --- | --- | --- |
| 900 | 2 | 15.25 | 181 |"""
    assert expected == evidence.body(PAYLOAD, "warning", "ghcr.io/shop/carts:1.0")


@pytest.mark.parametrize(
    "odd",
    [
        {"deployment": None, "test": None, "evaluation": None, "labels": None, "configurationChange": None},
        {"deployment": "x", "test": [1], "evaluation": "pass", "labels": "y", "configurationChange": {"values": 3}},
        {"test": {"requests": "many", "failures": True}, "evaluation": {"score": "high", "indicatorResults": [1]}},
    ],
)
def test_a_block_of_another_shape_never_stops_the_question(odd):
    """Somebody else's task may have written it."""
    shown = evidence.body({**PAYLOAD, **odd}, "")
    assert "| **Stage** | production |" in shown
    assert "Load test" not in shown


def test_text_from_outside_does_not_become_markup():
    """Neither a link, nor an image, nor another column."""
    image = "a|b<img src=x>[here](http://bad)\n**new**"
    shown = evidence.body({**PAYLOAD, "configurationChange": {"values": {"image": image}}}, "pass")
    assert r"| **Image** | a\|b\<img src=x\>\[here\](http://bad) \*\*new\*\* |" in shown
