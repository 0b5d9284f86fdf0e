"""Data from outside."""

import pytest
from slipway_core.keptn import incoming
from slipway_core.keptn.problems import InvalidEvent

GOOD = {"project": "shop", "stage": "dev", "service": "carts"}


def test_field_names_are_found_whatever_their_case():
    """R60; an exact name wins."""
    assert "A" == incoming.lookup({"problem": {"ProblemTitle": "A"}}, "problem", "problemTitle")
    assert "b" == incoming.lookup({"Name": "a", "name": "b"}, "name")
    assert None is incoming.lookup({"problem": "text"}, "problem", "problemTitle")


@pytest.mark.parametrize("field", ["project", "stage", "service"])
@pytest.mark.parametrize("value", [None, "", 5, ["x"]])
def test_project_stage_and_service_must_be_there(field, value):
    """sequences.md 2.2."""
    with pytest.raises(InvalidEvent) as caught:
        incoming.check_trigger_data({**GOOD, field: value})
    assert field == caught.value.field


@pytest.mark.parametrize(
    ("labels", "field"),
    [
        ({"build": 5}, "labels.build"),
        ({"a": None}, "labels.a"),
        (["a"], "labels"),
        ("a=b", "labels"),
        ({1: "a"}, "labels"),
    ],
)
def test_a_label_that_is_not_text_is_refused_by_name(labels, field):
    """R20."""
    with pytest.raises(InvalidEvent) as caught:
        incoming.check_trigger_data({**GOOD, "labels": labels})
    assert field == caught.value.field


@pytest.mark.parametrize(
    ("said", "field"),
    [
        ({"result": ["pass"]}, "result"),
        ({"status": 5}, "status"),
        ({"labels": {"b": 2}}, "labels.b"),
        ({"labels": "bare"}, "labels"),
    ],
)
def test_a_report_is_refused_by_the_field_that_is_no_text(said, field):
    """R20 holds for reports as well."""
    with pytest.raises(InvalidEvent) as caught:
        incoming.check_report({"result": "pass", "status": "succeeded", **said})
    assert field == caught.value.field


def test_a_report_may_leave_out_result_status_and_labels():
    """What a missing result means is said elsewhere."""
    incoming.check_report({"result": None, "labels": None, "score": 5})


def test_good_data_passes():
    """Null labels are no labels."""
    data = {**GOOD, "labels": None, "extra": 1}
    assert data == incoming.check_trigger_data(data)


def test_a_form_becomes_what_trigger_delivery_sent():
    """R76: the image stays one text, dotted values nest and stay text."""
    data = incoming.trigger_data_from_form(**GOOD, image="reg:5000/x/c:0.9.1", labels={"a": "1"}, values=["a.b=1"])
    expected = {
        **GOOD,
        "labels": {"a": "1"},
        "configurationChange": {"values": {"image": "reg:5000/x/c:0.9.1", "a": {"b": "1"}}},
        "deployment": {"deploymentURIsLocal": None, "deploymentstrategy": ""},
    }
    assert expected == data


def test_an_image_among_the_values_wins():
    """R77; and no tag is added."""
    data = incoming.trigger_data_from_form(**GOOD, image="x", values=["image=y"])
    assert {"image": "y"} == data["configurationChange"]["values"]
    assert {"image": "x"} == incoming.trigger_data_from_form(**GOOD, image="x")["configurationChange"]["values"]


def test_an_empty_form_carries_only_the_scope():
    """What was not filled in is not there."""
    assert GOOD == incoming.trigger_data_from_form(**GOOD, image="", labels={}, values={})


def test_nested_and_dotted_values_both_work():
    """A form gives a mapping."""
    data = incoming.trigger_data_from_form(**GOOD, values={"a": {"b": 1}, "a.c": 2})
    assert {"a": {"b": 1, "c": 2}} == data["configurationChange"]["values"]


@pytest.mark.parametrize(
    "values", [["a=b=c"], ["a"], ["=b"], ["a.b=1", "a.b.c=2"], ["a.b.c=2", "a.b=1"], ["a=1", "a=2"], ["a..b=1"]]
)
def test_values_that_contradict_or_cannot_be_read_are_refused(values):
    """R77; sequences.md 9."""
    with pytest.raises(InvalidEvent) as caught:
        incoming.trigger_data_from_form(**GOOD, values=values)
    assert caught.value.field.startswith("values")


def test_an_image_of_two_words_is_refused():
    """The field is named."""
    with pytest.raises(InvalidEvent, match=r"^image: "):
        incoming.trigger_data_from_form(**GOOD, image="a b")


def test_dotted_names_nest():
    """R78; a name that is a value and a branch at once is an error, and named."""
    assert {"a": {"b": "v", "c": "w"}, "d": ""} == incoming.unfolded(["a.b=v", "a.c=w", "d="])
    for texts, field in ((["a=b=c"], "data"), (["a"], "data"), (["a=1", "a.b=2"], "data.a.b"), (["a.=1"], "data")):
        with pytest.raises(InvalidEvent) as caught:
            incoming.unfolded(texts)
        assert field == caught.value.field
