"""slipway.yaml: what is read, what is refused, and that an editor's schema says the same."""

import json
import subprocess
import sys

import jsonschema
import pytest
from slipway_core.keptn.lanes import LATEST_WINS
from slipway_core.keptn.problems import ERROR, WARNING
from slipway_core.keptn.settings import (
    ApprovalSettings,
    EvaluationSettings,
    HealingSettings,
    LoadSettings,
    MonitoringSettings,
    ProjectSettings,
    Schedule,
    SourceSettings,
    StageSettings,
    from_data,
    to_data,
)
from slipway_core.keptn.settings_file import json_schema, settings_of
from slipway_core.keptn.source import read_source

WHOLE = """
services: [carts, api]
source: {type: prometheus, connection: prometheus_here}
monitoring: {for: 5m}
stages:
  qa:
    connection: kubernetes_mine
    approval: {approvers: [alice, bob], expiresAfter: 48h, supersede: true}
    test: {acceptedFailureRatio: 0.01, timeout: 10m}
    evaluation: {source: {connection: prometheus_qa}, scrapeDelay: 20s}
    lane: latest-wins
    healing: {cooldown: 0s, actionsPerHour: 0, maxReplicas: 4, dryRun: true, scaleBackAfter: never}
    monitoring: {for: 90s}
    schedules:
      - sequence: nightly
        cron: "0 2 * * *"
        timezone: Europe/Berlin
        timeframe: 30m
        services: [carts]
      - {cron: "@daily", timeframe: 1m}
  production:
"""


def read(text):
    """Return settings and problems of a text."""
    return settings_of(read_source(text, "shop/slipway.yaml"))


def schedule(text):
    """Return a file with one schedule."""
    return f"stages: {{qa: {{schedules: [{{{text}}}]}}}}"


def test_every_key_is_read():
    """Durations in seconds; what is not named has its default."""
    settings, problems = read(WHOLE)
    assert [] == problems
    nightly = Schedule("nightly", "0 2 * * *", "Europe/Berlin", 1800.0, ("carts",))
    expected = StageSettings(
        "kubernetes_mine",
        ApprovalSettings(("alice", "bob"), 172800.0, True),
        LoadSettings(0.01, 600.0),
        EvaluationSettings(SourceSettings("prometheus", "prometheus_qa"), 20.0),
        MonitoringSettings(90.0),
        (nightly, Schedule(cron="@daily", timeframe=60.0)),
        LATEST_WINS,
        HealingSettings(0.0, 0, 4, True, None),
    )
    assert (("carts", "api"), expected) == (settings.services, settings.stages["qa"])


@pytest.mark.parametrize("stage", ["production", "never-named"])
def test_a_stage_has_source_and_alerting_of_its_project(stage):
    """Unless it names its own."""
    settings, _ = read(WHOLE)
    assert "prometheus_here" == settings.stage(stage).evaluation.source.connection
    assert 300.0 == settings.stage(stage).monitoring.pending


@pytest.mark.parametrize("text", ["", "# nothing\n", "services:\n", "stages:\n", "services: []\nsource:\n"])
def test_a_file_that_says_nothing_means_the_defaults(text):
    """Without a word."""
    assert (ProjectSettings(), []) == read(text)


@pytest.mark.parametrize("text", [WHOLE, "", "source: {connection: x}\nstages: {qa: {}}"])
def test_settings_survive_the_compiled_plan(text):
    """As JSON; defaults are left out of it."""
    settings, _ = read(text)
    assert settings == from_data(json.loads(json.dumps(to_data(settings))))


def test_defaults_take_no_room():
    """So a plan without settings reads the same as one of before there were any."""
    assert {} == to_data(ProjectSettings())


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("source: {type: promtheus}", "unknown source 'promtheus'; known: prometheus"),
        ("stages: {qa: {lane: lifo}}", "unknown lane policy 'lifo'; known: fifo, latest-wins"),
        ("source: prometheus", "'source' must be a mapping"),
        ("- a", "slipway.yaml must be a mapping"),
        ("services: carts", "'services' must be a list"),
        ("services: [a, a/b]", "'a/b' under 'services' holds a blank"),
        ("services: [a, a]", "'a' is listed twice"),
        ("services: [Carts, carts]", "same Helm release 'carts' as 'Carts'"),
        ("services: [[a]]", "'' under 'services' is no name"),
        ("stages: [qa]", "'stages' must be a mapping"),
        ("stages: {qa: {connection: 5}}", "'connection' must be text, not '5'"),
        ("stages: {qa: {connection: [a]}}", "'connection' must be text, not a list"),
        ("stages: {qa: {approval: {approvers: alice}}}", "'approvers' must be a list"),
        ("stages: {qa: {approval: {approvers: ['']}}}", "'' under 'approvers' is no name"),
        ("stages: {qa: {approval: {expiresAfter: 48}}}", "'expiresAfter' must be text, not '48'"),
        ("stages: {qa: {approval: {expiresAfter: 2d}}}", "'expiresAfter' must be a duration, not '2d'"),
        ("stages: {qa: {approval: {supersede: 'true'}}}", "'supersede' must be true or false"),
        ("stages: {qa: {test: {acceptedFailureRatio: 2}}}", "must be a number from 0 to 1, not '2'"),
        ("stages: {qa: {test: {acceptedFailureRatio: true}}}", "must be a number from 0 to 1, not 'true'"),
        ("stages: {qa: {test: {acceptedFailureRatio: .nan}}}", "must be a number from 0 to 1, not '.nan'"),
        ("stages: {qa: {evaluation: {scrapeDelay: -1s}}}", "'scrapeDelay' must be at least 0s, not '-1s'"),
        ("stages: {qa: {healing: {actionsPerHour: -1}}}", "a whole number of at least 0, not '-1'"),
        ("stages: {qa: {healing: {maxReplicas: 0}}}", "a whole number of at least 1, not '0'"),
        ("stages: {qa: {healing: {maxReplicas: true}}}", "a whole number of at least 1, not 'true'"),
        ("stages: {qa: {healing: {maxReplicas: '5'}}}", "a whole number of at least 1, not '5'"),
        ("stages: {qa: {healing: {cooldown: never}}}", "'cooldown' must be a duration, not 'never'"),
        ("stages: {qa: {healing: {scaleBackAfter: soon}}}", "'scaleBackAfter' must be a duration, not 'soon'"),
        ("stages: {qa: {schedules: {cron: x}}}", "'schedules' must be a list"),
        (schedule("cron: '@daily'"), "a schedule needs 'timeframe'"),
        (schedule("timeframe: 5m"), "a schedule needs 'cron'"),
    ],
)
def test_what_cannot_be_used_is_refused_by_reader_and_schema(text, words):
    """With file and line."""
    source = read_source(text, "shop/slipway.yaml")
    settings, problems = settings_of(source)
    assert None is settings
    assert [(ERROR, "shop/slipway.yaml", 1)] == [(one.severity, one.file, one.line) for one in problems]
    assert words in problems[0].message
    # Names of Helm releases are compared by us alone, and .nan is no JSON.
    if "Helm release" not in words and ".nan" not in words:
        assert not accepts(source.root.value)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (schedule("cron: '61 * * * *', timeframe: 5m"), "'cron' must be a time that comes again, not '61 * * * *'"),
        (schedule("cron: '* * * * * *', timeframe: 5m"), "'cron' must be"),
        (schedule("cron: '0 0 31 2 *', timeframe: 5m"), "'cron' must be"),
        (schedule("cron: 'R 2 * * *', timeframe: 5m"), "'cron' must be"),
        (schedule("cron: '@reboot', timeframe: 5m"), "'cron' must be"),
        (schedule("cron: '@daily', timeframe: 59s"), "'timeframe' must be at least 1m, not '59s'"),
        (schedule("cron: '@daily', timeframe: 5m, timezone: ../etc"), "no time zone '../etc'"),
        (schedule("cron: '@daily', timeframe: 5m, timezone: Europe"), "no time zone 'Europe'"),
    ],
)
def test_what_only_a_clock_can_tell_is_refused_by_the_reader(text, words):
    """A schema cannot."""
    settings, (problem,) = read(text)
    assert None is settings
    assert words in problem.message


def test_a_time_zone_that_is_nearly_right_is_answered_with_the_right_one():
    """As for keys."""
    _, (problem,) = read(schedule("cron: '@daily', timeframe: 5m, timezone: Europa/Berlin"))
    assert "Did you mean 'Europe/Berlin'?" == problem.advice


@pytest.mark.parametrize(
    ("text", "words"),
    [("servicess: [a]", "Did you mean 'services'?"), ("stages: {qa: {approvall: {}}}", "'approval'?"), ("zzz: 1", "")],
)
def test_an_unknown_key_is_a_warning(text, words):
    """The settings count all the same; an editor marks it."""
    settings, (problem,) = read(text)
    assert None is not settings
    assert WARNING == problem.severity
    assert words in problem.advice
    assert not accepts(read_source(text, "x").root.value)


def test_a_key_said_twice_is_refused():
    """Which of the two would count?"""
    settings, (problem,) = read("source: {}\nsource: {}\n")
    assert (None, 2) == (settings, problem.line)


def accepts(data):
    """Say whether the schema takes some data."""
    return jsonschema.Draft202012Validator(json_schema()).is_valid(data)


@pytest.mark.parametrize(
    "text",
    [
        WHOLE,
        "services:\nsource:\nstages:\n",
        "stages: {qa: {approval: null, test: null, evaluation: {source: null, scrapeDelay: 0s}, schedules: []}}",
        schedule("cron: '*/5 1-3 * * mon', timeframe: 1h30m, timezone: null, services: null"),
        "stages: {qa: {test: {acceptedFailureRatio: 1, timeout: .5h}}}",
    ],
)
def test_what_the_reader_takes_without_a_word_the_schema_takes_too(text):
    """They come from the same tables of keys."""
    source = read_source(text, "x")
    assert [] == settings_of(source)[1]
    assert accepts(source.root.value)


def test_the_schema_is_one():
    """By the rules of JSON Schema itself; each key says what it is for."""
    schema = json_schema()
    jsonschema.Draft202012Validator.check_schema(schema)
    assert all(one["description"] for one in schema["properties"].values())


def test_reading_settings_out_of_a_plan_imports_next_to_nothing():
    """Every task start does."""
    code = (
        "import sys; import slipway_core.keptn.settings; print([n for n in ('yaml', 'croniter') if n in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "[]" == done.stdout.strip()
