"""A picture of a project's stages as plain text, for the pages of its DAGs and for `lint`."""

from __future__ import annotations

from collections.abc import Mapping

from slipway_core.keptn.plan import Follower, ProjectPlan, SequencePlan


def condition(selector: Mapping[str, str] | None) -> str:
    """Return when a trigger item fires, in words."""
    if not selector:
        return "on pass or warning"
    return "on " + " or ".join(f"{key}: {value}" for key, value in selector.items())


def stage_chain(plan: ProjectPlan, mark: SequencePlan | None = None) -> str:
    """Return the sequences of a project as a tree, each under what it follows.

    :param plan: the project
    :param mark: the sequence to point at, such as the one whose page shows the picture
    """
    followed = {key for one in plan.sequences for key in _others(one)}
    drawing = _Drawing(plan, mark)
    for one in plan.sequences:
        if _key(one) not in followed and not _idle(one):
            drawing.draw(one)
    for one in plan.sequences:  # circles, which nothing outside them starts
        if _key(one) not in drawing.shown and not _idle(one):
            drawing.draw(one)
    idle = [one.event.removesuffix(".finished") for one in plan.sequences if _idle(one)]
    if idle:
        drawing.lines += ["", f"built in: {', '.join(idle)}"]
    return "\n".join(drawing.lines).strip("\n")


class _Drawing:
    """Lines of a picture. Works without recursion: a chain may be longer than Python's stack."""

    def __init__(self, plan: ProjectPlan, mark: SequencePlan | None) -> None:
        self.by_key = {_key(one): one for one in plan.sequences}
        self.mark = mark and _key(mark)
        self.shown: set[tuple[str, str]] = set()
        self.lines: list[str] = []

    def draw(self, start: SequencePlan) -> None:
        """Draw a sequence and all that follows it."""
        waiting = [(start, "", "", "")]
        while waiting:
            one, indent, arrow, when = waiting.pop()
            again = _key(one) in self.shown
            self.lines.append(f"{indent}{arrow}{self._words(one, again)}{when}{self._pointer(one)}")
            if again:
                continue
            self.shown.add(_key(one))
            deeper = indent + ("   " if arrow else "")
            for follower in one.followers:
                if _key(follower) == _key(one):
                    self.lines.append(f"{deeper}└► itself again  {condition(follower.selector)}")
            waiting += [
                (self.by_key[_key(follower)], deeper, "└► ", f"  {condition(follower.selector)}")
                for follower in reversed(one.followers)
                if _key(follower) != _key(one) and _key(follower) in self.by_key
            ]

    def _words(self, one: SequencePlan, again: bool) -> str:
        tasks = "(see above)" if again else f"[{' → '.join(task.name for task in one.tasks)}]"
        return f"{one.stage}.{one.sequence}  {tasks}"

    def _pointer(self, one: SequencePlan) -> str:
        return "   ◄ this one" if self.mark == _key(one) else ""


def _key(one: SequencePlan | Follower) -> tuple[str, str]:
    return one.stage, one.sequence


def _idle(one: SequencePlan) -> bool:
    return one.implicit and not one.followers


def _others(one: SequencePlan) -> list[tuple[str, str]]:
    return [_key(follower) for follower in one.followers if _key(follower) != _key(one)]
