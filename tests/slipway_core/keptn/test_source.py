"""YAML in, with lines; and what must never do harm."""

import pytest
from slipway_core.keptn.source import DEEPEST, LARGEST_FILE, Mapping, read_source


def read(text):
    """Return the plain value of a text that must be free of problems."""
    source = read_source(text, "x.yaml")
    assert [] == source.problems
    return source.root.value


def problem_of(text):
    """Return the only problem of a text."""
    (problem,) = read_source(text, "x.yaml").problems
    return problem


def test_every_key_remembers_its_line():
    """A mapping knows in which line each key stands."""
    root = read_source("a: 1\n\nb:\n  c: 2\n", "x.yaml").root
    assert isinstance(root, Mapping)
    assert (1, 3) == (root.line_of("a"), root.line_of("b"))


def test_a_doubled_key_is_an_error_with_both_lines():
    """sequences.md 1.4: duplicate key → parse error."""
    problem = problem_of("a: 1\nb: 2\na: 3\n")
    assert 3 == problem.line
    assert "'a' is said twice in one mapping (before in line 1)." == problem.message
    assert "  1 | a: 1\n  3 | a: 3" == problem.excerpt


def test_aliases_and_merge_keys_work():
    """An explicit key wins over a merged one, an earlier merge over a later one."""
    text = "base: &b {x: 1, y: 2}\nother: &o {y: 5, z: 6}\nuse:\n  <<: [*b, *o]\n  x: 9\nagain: *b\n"
    assert {"x": 9, "y": 2, "z": 6} == read(text)["use"]
    assert {"x": 1, "y": 2} == read(text)["again"]


def test_quoted_text_and_str_tags_are_never_numbers():
    """Quotes, blocks and !!str all keep text."""
    assert {"a": "1", "b": "true", "c": "5\n", "d": "7", "e": ""} == read(
        "a: '1'\nb: \"true\"\nc: |\n  5\nd: !!str 7\ne: ''"
    )


@pytest.mark.parametrize("text", ["a: !Ref x", "a: !!python/object:os.system x", "a: !!binary aGk="])
def test_tags_of_ones_own_are_refused(text):
    """No tag builds anything."""
    assert "is not known here" in problem_of(text).message


def test_an_alias_bomb_is_refused():
    """Growth through aliases is counted, not carried out."""
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 60)]
    assert "grows beyond" in problem_of("\n".join(lines)).message


@pytest.mark.parametrize("text", ["[" * 5000, "- " * 5000, "a: " + "{a: " * 500 + "}" * 500])
def test_deep_nesting_is_refused(text):
    """Nesting never reaches Python's own limit."""
    assert f"deeper than {DEEPEST} levels" in problem_of(text).message


def test_nesting_built_from_aliases_is_refused():
    """A chain of aliases is as deep as what it stands for."""
    lines = ["a0: &a0 [x]"] + [f"a{n}: &a{n} [*a{n - 1}]" for n in range(1, 200)]
    assert "levels" in problem_of("\n".join(lines)).message


def test_a_huge_file_is_refused():
    """One byte too many is enough."""
    assert "larger than" in problem_of(b"#" * (LARGEST_FILE + 1)).message


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("a: *b", 1, "refers to an anchor that is not there"),
        ("a: &b [*b]", 1, "inside the very value"),
        ("[a]: 1", 1, "a key must be a plain word"),
        ("<<: 1", 1, "'<<' takes a mapping"),
        ("a: 1\nb:\n\t- c\n", 3, "a tab stands in the indentation"),
        ("a: 1\n   b: 2\n", 2, "'b' sits deeper than the 'a' it belongs to"),
        ("a: [\n", 1, "this is not YAML"),
        ("a: 1\nb: \x01\n", 2, "a character stands here that YAML does not allow"),
        (b"a: 1\nb: \xff\n", 2, "this is not UTF-8"),
    ],
)
def test_broken_text_gives_the_line_and_the_reason(text, line, words):
    """Each kind of fault has its own words."""
    problem = problem_of(text)
    assert line == problem.line
    assert words in problem.message
    assert problem.advice


def test_a_second_document_is_a_warning():
    """Keptn read the first document only."""
    source = read_source("a: 1\n---\nb: 2\n", "x.yaml")
    assert {"a": 1} == source.root.value
    assert ["warning"] == [problem.severity for problem in source.problems]


@pytest.mark.parametrize("text", ["", "# only a comment\n", "\ufeff"])
def test_an_empty_file_has_no_root(text):
    """Nothing is no mapping."""
    assert read_source(text, "x.yaml").root is None
