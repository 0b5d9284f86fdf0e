"""The end of a sequence, as the DAGs and the walk share it."""

from slipway_core.keptn.ending import Ending, end_sequence
from slipway_core.keptn.event import FinishedTask

DATA = {"project": "shop", "stage": "qa", "service": "carts", "labels": {"a": "1"}}
FAILED = FinishedTask("test", ({"result": "fail", "status": "succeeded", "test": {"end": "x"}, "labels": {"a": "1"}},))


def test_a_follower_inherits_all_and_gets_its_stage():
    """R22, R45."""
    ending = end_sequence(DATA, [FAILED])
    expected = {**DATA, "stage": "production", "test": {"end": "x"}, "result": "fail", "status": "succeeded"}
    assert expected == ending.follow_up({"test.result": "fail"}, "production")
    assert None is ending.follow_up(None, "production")


def test_nothing_follows_a_sequence_of_which_nothing_ran():
    """R7: not even on `result: fail`."""
    ending = end_sequence(DATA, [])
    assert ("fail", "errored") == (ending.data["result"], ending.data["status"])
    assert None is ending.follow_up({"result": "fail"}, "production")


def test_it_survives_as_plain_data():
    """An XCom holds it, with the context beside it."""
    ending = end_sequence(DATA, [FAILED])
    assert ending == Ending.from_dict({"context": "c", **ending.as_dict()})


def test_nothing_follows_a_sequence_that_somebody_ended():
    """R33: not even on `result: fail`; its message is the reason."""
    ending = end_sequence(DATA, [FAILED], over="Cancelled by ann.")
    expected = ("fail", "aborted", "Cancelled by ann.")
    assert expected == (ending.data["result"], ending.data["status"], ending.data["message"])
    assert None is ending.follow_up({"result": "fail"}, "production")
    assert ending == Ending.from_dict(ending.as_dict())
