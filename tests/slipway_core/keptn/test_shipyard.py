"""Reading a shipyard (sequences.md 1.1 to 1.5)."""

from pathlib import Path

import pytest
from slipway_core.keptn.problems import InvalidFile
from slipway_core.keptn.shipyard import load_shipyard, read_shipyard

FIXTURES = Path(__file__).parents[1] / "fixtures" / "shipyards"


def with_version(version):
    return f"apiVersion: {version}\nspec:\n  stages:\n    - name: dev\n"


def with_stage(stage):
    return f"apiVersion: 0.2.2\nspec:\n  stages:\n    - name: '{stage}'\n"


def with_task(task):
    return (
        "apiVersion: 0.2.2\nspec:\n  stages:\n    - name: dev\n      sequences:\n"
        f"        - name: s\n          tasks:\n            - {task}\n"
    )


def errors(text):
    """Return the errors of a text, and make sure that they decide whether there is a shipyard."""
    shipyard, problems = read_shipyard(text, "shipyard.yaml")
    found = [problem for problem in problems if problem.severity == "error"]
    assert (shipyard is None) == bool(found)
    return found


def problems_of(name):
    """Return the problems of a fixture as (line, severity, message)."""
    _, problems = read_shipyard((FIXTURES / name).read_bytes(), name)
    return [(one.line, one.severity, one.message) for one in problems]


@pytest.mark.parametrize(
    "version",
    ["spec.keptn.sh/0.2.0", "spec.keptn.sh/0.2.4", "0.2.2", "0.2", "v0.2.2", "0.3.0", "1.0.0", "1", "0.2.0+build.1"],
)
def test_versions_from_02_on_are_accepted(version):
    """R1."""
    assert [] == errors(with_version(version))


@pytest.mark.parametrize(
    "version", ["spec.keptn.sh/0.1.7", "0", "0.1", "''", "~", "0.2.0-beta.1", "1.0.0-rc.1", "foo/0.2.0", "0.2.0.0", "x"]
)
def test_other_versions_are_refused(version):
    """R2; pre-releases too (sequences.md 1.2)."""
    assert [1] == [problem.line for problem in errors(with_version(version))]


@pytest.mark.parametrize("stage", ["Dev", "dev-", "1dev", "dev_a", "a.b", ""])
def test_bad_stage_names_are_refused(stage):
    """R3."""
    assert [4] == [problem.line for problem in errors(with_stage(stage))]


@pytest.mark.parametrize("stage", ["a", "dev-1", "x" * 100])
def test_good_stage_names_are_accepted(stage):
    """R3; no length is checked (sequences.md 11)."""
    assert [] == errors(with_stage(stage))


@pytest.mark.parametrize(
    "text",
    [
        "apiVersion: 0.2.2\nspec:\n  stages: []\n",
        "apiVersion: 0.2.2\nspec:\n",
        "apiVersion: 0.2.2\n",
        "",
        "- a",
        "text",
    ],
)
def test_a_shipyard_without_stages_is_refused(text):
    """R3, and files that are no shipyard at all."""
    assert 1 == len(errors(text))


def test_kind_metadata_and_sequences_may_be_missing():
    """R4."""
    assert [] == read_shipyard(with_stage("dev"), "shipyard.yaml")[1]


def test_an_unknown_key_is_a_note():
    """R5: ignored, and said so."""
    _, problems = read_shipyard(with_stage("dev") + "      description: x\n", "shipyard.yaml")
    assert [(5, "note")] == [(one.line, one.severity) for one in problems]


@pytest.mark.parametrize("properties", ["[a]", "text", "5"])
def test_properties_that_are_no_mapping_are_dropped_with_a_warning(properties):
    """R9."""
    shipyard, problems = read_shipyard(with_task(f"{{name: a, properties: {properties}}}"), "shipyard.yaml")
    assert None is shipyard.stages[0].sequences[0].tasks[0].properties
    assert ["warning"] == [one.severity for one in problems]


def test_an_unquoted_off_stays_text():
    """R10."""
    shipyard, _ = read_shipyard(with_task("{name: a, properties: {flag: off}}"), "shipyard.yaml")
    assert {"flag": "off"} == shipyard.stages[0].sequences[0].tasks[0].properties


@pytest.mark.parametrize(
    ("after", "seconds", "warnings"), [("2m", 120, 0), ("2", 0, 1), ("1d", 0, 1), ("-5m", 0, 1), ("''", 0, 1)]
)
def test_an_invalid_delay_starts_at_once_with_a_warning(after, seconds, warnings):
    """R51."""
    shipyard, problems = read_shipyard(with_task(f"{{name: a, triggeredAfter: {after}}}"), "shipyard.yaml")
    assert seconds == shipyard.stages[0].sequences[0].tasks[0].delay_seconds
    assert warnings == len(problems)


def test_a_number_where_text_is_wanted_is_taken_as_written():
    """sequences.md 1.4; so are dates and booleans."""
    shipyard, _ = read_shipyard(with_task("{name: 010}").replace("name: s", "name: 2001-01-01"), "shipyard.yaml")
    sequence = shipyard.stages[0].sequences[0]
    assert ("2001-01-01", "010") == (sequence.name, sequence.tasks[0].name)


@pytest.mark.parametrize("task", ["{name: [a]}", "{name: {a: b}}", "text", "[a]", "{name: a, triggeredAfter: [1m]}"])
def test_a_list_where_text_is_wanted_is_an_error(task):
    """sequences.md 1.4."""
    assert [8] == [problem.line for problem in errors(with_task(task))]


@pytest.mark.parametrize(
    ("properties", "warnings"), [("{pass: automatic, warning: manual}", 0), ("{pass: Automatic, warning: true}", 2)]
)
def test_a_strategy_of_an_approval_that_is_none_is_a_warning(properties, warnings):
    """R54: a person is asked."""
    _, problems = read_shipyard(with_task(f"{{name: approval, properties: {properties}}}"), "shipyard.yaml")
    assert ["warning"] * warnings == [one.severity for one in problems]


def test_numbers_that_no_event_can_carry_are_refused():
    """JSON knows no infinity."""
    assert "not finite" in errors(with_task("{name: a, properties: {a: [{b: .inf}]}}"))[0].message


def test_a_stage_that_is_there_twice_is_refused_with_both_lines():
    """sequences.md 1.2: creation was rolled back."""
    (problem,) = errors(with_stage("dev") + "    - name: dev\n")
    assert "stage 'dev' is there twice (before in line 4)." == problem.message
    assert 2 == len(problem.excerpt.splitlines())


def test_a_selector_that_sits_too_deep_is_said_so():
    """The commonest broken shipyard on public pages."""
    (problem,) = errors((FIXTURES / "selector_too_deep.yaml").read_text())
    expected = (
        "shipyard.yaml, line 13: 'selector' sits deeper than the 'event' it belongs to.\n"
        "  13 |                 selector:\n"
        "Move it to the column of 'event'."
    )
    assert expected == problem.render()


def test_a_result_beside_match_acts_as_no_selector():
    """R41; Keptn ignored it, we warn."""
    shipyard, problems = read_shipyard((FIXTURES / "result_beside_match.yaml").read_bytes(), "shipyard.yaml")
    assert None is shipyard.stages[0].sequences[1].triggered_on[0].selector
    assert [(15, "warning")] == [(one.line, one.severity) for one in problems]


@pytest.mark.parametrize("selector", ["{}", "", "{match: }", "{match: {}}"])
def test_an_empty_selector_is_no_selector(selector):
    """R41."""
    text = with_task("{name: a}") + f"          triggeredOn: [{{event: dev.s.finished, selector: {selector}}}]\n"
    assert None is read_shipyard(text, "shipyard.yaml")[0].stages[0].sequences[0].triggered_on[0].selector


def test_a_shipyard_of_the_01_days_is_refused_with_how_to_lift_it():
    """R2; sequences.md 1.5."""
    (problem,) = errors((FIXTURES / "of_the_01_days.yaml").read_text())
    assert 2 == problem.line
    for words in (
        "{name: deployment, properties: {deploymentstrategy: direct}}",
        "{name: test, properties: {teststrategy: functional}}",
        "{name: approval, properties: {pass: automatic, warning: manual}}",
        "get-action, action and evaluation",
    ):
        assert words in problem.advice


def test_a_doubled_key_names_both_lines():
    """sequences.md 1.4."""
    assert [(7, "error", "'name' is said twice in one mapping (before in line 6).")] == problems_of("doubled_key.yaml")


def test_what_can_hardly_be_meant_is_a_warning():
    """Valid for Keptn, each with its line (sequences.md 1.2, 4; R37, R39 to R42, R44)."""
    expected = [
        (5, "warning", "'tasks' is ignored here: it belongs to a sequence."),
        (6, "note", "'description' is ignored: a stage has no such key."),
        (12, "warning", "triggeredAfter '1d' is not a duration; the task starts at once."),
        (13, "warning", "'property' is ignored."),
        (15, "warning", "'properties' is a list, not a mapping; it is dropped."),
        (16, "warning", "sequence 'delivery' is in stage 'dev' twice; only the first runs."),
        (19, "warning", "sequence 'dev.empty' has no tasks: it can never run."),
        (
            21,
            "warning",
            "event 'sh.keptn.event.dev.delivery.finished' can never fire: "
            "it must be written exactly as <stage>.<sequence>.finished.",
        ),
        (22, "warning", "event 'prod.delivery.finished' can never fire: there is no stage 'prod'."),
        (23, "warning", "event 'dev.dlivery.finished' can never fire: stage 'dev' has no sequence 'dlivery'."),
        (24, "warning", "result and evaluation.result are alternatives: one of them is enough, as in Keptn."),
        (24, "warning", "'result: failed' is taken as 'fail'; Keptn never matched it."),
        (
            24,
            "note",
            "'evaluation.result: pass' looks at the last run of 'evaluation', though other tasks follow; "
            "Keptn never matched it.",
        ),
        (29, "warning", "selector 'foo: bar' is ignored: only 'result' and '<task>.result' are known."),
        (33, "warning", "'test.result' can never match: the sequence has no task 'test'."),
        (37, "warning", "'result: ok' can never match."),
        (42, "warning", "sequence name 'a.b' holds a dot, which events cannot carry: it can never run."),
        (44, "warning", "a task has no name: it can never run."),
    ]
    assert expected == problems_of("hardly_meant.yaml")


def test_a_mistyped_event_names_the_one_that_was_meant():
    """Advice says what exists."""
    _, problems = read_shipyard((FIXTURES / "hardly_meant.yaml").read_bytes(), "x")
    advice = {one.line: one.advice for one in problems}
    assert "Did you mean 'dev.delivery.finished'?" == advice[23]
    assert "Write 'event: dev.delivery.finished'." == advice[21]
    assert "Did you mean 'properties'?" == advice[13]


def test_of_many_events_that_can_never_fire_the_first_are_named_and_the_others_counted():
    """Thousands would hold up a publishing round for seconds, and nobody reads them."""
    head = "apiVersion: 0.2.2\nspec:\n  stages:\n    - name: dev\n      sequences:\n"
    rows = (
        f"        - {{name: s{n}, tasks: [{{name: a}}], triggeredOn: [{{event: x.y{n}.finished}}]}}\n"
        for n in range(60)
    )
    _, problems = read_shipyard(head + "".join(rows), "shipyard.yaml")
    assert 51 == len(problems)
    assert "event 'x.y49.finished' can never fire: there is no stage 'x'." == problems[49].message
    assert (56, "from here on 10 more events can never fire.") == (problems[50].line, problems[50].message)


def test_loading_a_broken_file_raises_all_its_errors():
    """The error's text is what people see."""
    with pytest.raises(InvalidFile, match="line 13: 'selector' sits deeper"):
        load_shipyard(FIXTURES / "selector_too_deep.yaml")
    with pytest.raises(InvalidFile, match="it cannot be read: No such file"):
        load_shipyard(FIXTURES / "missing.yaml")
