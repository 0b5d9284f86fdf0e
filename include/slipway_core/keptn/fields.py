"""Typed fields out of a mapping node; what does not fit becomes a problem with its line."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from collections.abc import Mapping as Map

from slipway_core.keptn.problems import NOTE, WARNING
from slipway_core.keptn.source import Items, Mapping, Node, Scalar, Source


def kind_of(node: Node) -> str:
    """Return what a node is, in words."""
    return {Scalar: "text", Items: "a list", Mapping: "a mapping"}[type(node)]


class Fields:
    """The fields of one mapping.

    :param source: the file, which collects the problems
    :param node: the mapping; anything else is reported, and then every field reads as missing
    :param what: what the mapping describes, such as ``a task``
    """

    def __init__(self, source: Source, node: Node | None, what: str) -> None:
        self.source, self.what = source, what
        if node is not None and not node.is_null and not isinstance(node, Mapping):
            source.report(
                node.line, f"{what} must be a mapping, not {kind_of(node)}.", "Write it as 'key: value' lines."
            )
        self.node = node if isinstance(node, Mapping) else Mapping({}, node.line if node else 1)

    def text(self, key: str) -> str:
        """Return a text, as written; empty when missing."""
        node = self.node.get(key)
        if node is None:
            return ""
        if isinstance(node, Scalar):
            return node.text
        self.wrong(key, "text", f"Write '{key}: some text'.", kind_of(node))
        return ""

    def items(self, key: str) -> list[Node]:
        """Return the items of a list; none when missing."""
        node = self.node.get(key)
        if node is None:
            return []
        if isinstance(node, Items):
            return node.items
        self.wrong(key, "a list", "Begin each item with '- '.", kind_of(node))
        return []

    def mapping(self, key: str) -> Mapping | None:
        """Return a mapping; ``None`` when missing."""
        node = self.node.get(key)
        if node is None or isinstance(node, Mapping):
            return node
        self.wrong(key, "a mapping", "Indent 'key: value' lines under it.", kind_of(node))
        return None

    def note_unknown(self, known: Iterable[str], elsewhere: Map[str, str] | None = None, otherwise: str = NOTE) -> None:
        """Report keys that nobody reads: a warning where something known was surely meant.

        :param known: keys that are read here
        :param elsewhere: key → where it belongs, for keys that are read in another place
        :param otherwise: severity for a key that resembles nothing known
        """
        known = list(known)
        for key, (line, _) in self.node.entries.items():
            if key in known:
                continue
            if elsewhere and key in elsewhere:
                message = f"'{key}' is ignored here: it belongs {elsewhere[key]}."
                self.source.report(line, message, "Check its indentation.", WARNING)
                continue
            close = difflib.get_close_matches(key.lower(), [name.lower() for name in known], n=1, cutoff=0.75)
            meant = next((name for name in known if close and name.lower() == close[0]), None)
            if meant:
                self.source.report(line, f"'{key}' is ignored.", f"Did you mean '{meant}'?", WARNING)
            else:
                self.source.report(line, f"'{key}' is ignored: {self.what} has no such key.", severity=otherwise)

    def wrong(self, key: str, wanted: str, advice: str, given: str) -> None:
        """Report a key whose value does not fit: what is wanted, what to do, what was given."""
        self.source.report(self.node.line_of(key), f"'{key}' must be {wanted}, not {given}.", advice)
