"""Nothing goes to Prometheus or Alertmanager that their tools refuse."""

from pathlib import Path

import pytest
from slipway_cluster import monitoring_checks
from slipway_cluster.debian import PackagesUnavailable
from slipway_cluster.monitoring_checks import MonitoringFailed, check_configuration, refused_groups

# Takes any file that does not say "bad"; says which line does, as promtool would.
TOOL = """\
#!/bin/sh
for file; do :; done
echo "Checking $file"
if grep -q bad "$file"; then echo "  FAILED:" >&2; echo "$file: could not parse" >&2; exit 1; fi
"""


@pytest.fixture
def tools(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Put stand-ins in the place of Debian's tools."""
    for name in ("promtool", "amtool"):
        path = tmp_path / "usr" / "bin" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(TOOL)
        path.chmod(0o755)
    monkeypatch.setattr(monitoring_checks, "unpack", lambda packages: tmp_path)
    return tmp_path


def group(name: str, expression: str) -> dict[str, object]:
    """Return a group of one rule."""
    return {"name": name, "rules": [{"alert": "slow", "expr": expression}]}


def test_a_good_configuration_passes(tools: Path) -> None:
    """Without a word."""
    check_configuration(
        {"prometheus.yml": "rule_files: [r.yml]", "r.yml": "groups: []", "alertmanager.yml": "route: {}"}
    )


@pytest.mark.parametrize(("name", "tool"), [("prometheus.yml", "promtool"), ("alertmanager.yml", "amtool")])
def test_a_refused_configuration_is_named_with_the_tool_s_words(tools: Path, name: str, tool: str) -> None:
    """And nothing is changed."""
    with pytest.raises(MonitoringFailed) as refused:
        check_configuration({"prometheus.yml": "", "alertmanager.yml": "", name: "bad"})
    assert f"Monitoring: {tool} refuses the new {name}; nothing is changed.\n  {name}: could not parse" == str(
        refused.value
    )


def test_only_the_group_that_is_refused_is_named(tools: Path) -> None:
    """The rules of one service must not keep another from having its own."""
    groups = [group("a", "m>1"), group("b", "bad>1"), group("c", "m>2")]
    assert {"b": "rules.yml: could not parse"} == refused_groups(groups)
    assert {} == refused_groups(groups[:1])


def test_without_rules_no_tool_is_needed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is fetched."""
    monkeypatch.setattr(monitoring_checks, "unpack", None)
    assert {} == refused_groups([])


def test_tools_that_are_installed_do_where_there_is_no_debian(tools: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """They are found on the path; without any, it says what to install."""

    def unavailable(packages: object) -> Path:
        raise PackagesUnavailable("there is no apt-get")

    monkeypatch.setattr(monitoring_checks, "unpack", unavailable)
    monkeypatch.setenv("PATH", f"{tools}/usr/bin:/usr/bin:/bin")
    assert ["b"] == list(refused_groups([group("b", "bad")]))
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(MonitoringFailed, match="There is no promtool"):
        refused_groups([group("b", "bad")])
