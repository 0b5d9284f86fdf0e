"""How errors read."""

from slipway_core.keptn.problems import InvalidFile, Problem, excerpt


def test_an_error_says_where_what_and_what_to_do():
    """The form of the house: file and line, the line itself, the advice."""
    shown = excerpt(["a: 1", "  selector:"], 2)
    problem = Problem("hello/shipyard.yaml", 2, "'selector' sits too deep.", "Move it.", shown)
    expected = "hello/shipyard.yaml, line 2: 'selector' sits too deep.\n  2 |   selector:\nMove it."
    assert expected == problem.render()


def test_a_warning_is_called_one():
    """Severity stands before the message."""
    assert "a.yaml: warning: odd." == Problem("a.yaml", None, "odd.", severity="warning").render()


def test_an_excerpt_is_safe_for_a_terminal():
    """Control characters never reach it, long lines are cut, tabs are seen."""
    assert "  1 | →a·[31mred" == excerpt(["\ta\x1b[31mred"], 1)
    assert len(excerpt(["x" * 1000], 1)) < 200


def test_an_invalid_file_shows_its_errors_only():
    """Warnings are kept, not shown."""
    error = InvalidFile([Problem("a", 1, "bad."), Problem("a", 2, "odd.", severity="warning")])
    assert "a, line 1: bad." == str(error)
    assert 2 == len(error.problems)
