"""The table of rules in docs/rules.md."""

import pytest

from tests import rules_table


@pytest.fixture(scope="module")
def tests():
    """Every test that names a rule."""
    return rules_table.named()


def test_every_rule_has_a_test_or_is_named_as_later(tests):
    """Without a gap."""
    assert [] == rules_table.without_test(tests)
    assert list(rules_table.RULES) == list(rules_table.ABOUT)


def test_the_page_is_fresh(tests):
    """If not: python -m tests.rules_table."""
    assert rules_table.page(tests) == rules_table.PAGE.read_text("utf-8")


@pytest.mark.parametrize(
    ("text", "of_gates", "rules"),
    [
        ("R7: nothing follows", False, {7}),
        ("R23 to R25, R27; SR28", False, {23, 24, 25, 27}),
        ("evaluation.md R31; R32", False, {32}),
        ("its numbers are those of evaluation.md (R33)", True, set()),
        ("R67; sequences.md R68, R70", True, {68, 70}),
        ("R81", False, set()),
    ],
)
def test_a_text_names_rules_of_sequences(text, of_gates, rules):
    """Those of evaluations have numbers of their own."""
    assert rules == rules_table.rules_in(text, of_gates)
