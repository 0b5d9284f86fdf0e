"""A small engine for the sequence cases: runs one start of a sequence on the real readers, plan and payload rules.

Leaves `get-action` out. Knows nothing of Airflow.
"""

from collections import deque

from slipway_core.keptn import approval, event, incoming, shipyard
from slipway_core.keptn.plan import plan_project
from slipway_core.keptn.problems import InvalidEvent

DEFAULT_ANSWER = [{"status": "succeeded", "result": "pass"}]
PREFIX = "sh.keptn.event."


def run_case(case):
    """Return what a case of sequence_cases.jsonl expects: `events` and `waiting`, or `refused`."""
    read, _ = shipyard.read_shipyard(case["shipyard"], "shipyard.yaml")
    stage, sequence = case["trigger"]["type"].removeprefix(PREFIX).split(".")[:2]
    try:
        data = incoming.check_trigger_data(case["trigger"]["data"])
    except InvalidEvent:
        return {"refused": True}
    plan = read and plan_project(read, data["project"], [data["service"]])
    first = plan and plan.find(stage, sequence)
    if not first or not first.tasks:
        return {"refused": True}
    return _Engine(case, plan).run(first, data)


class _Engine:
    def __init__(self, case, plan):
        self.answers, self.limit = case["answers"], case.get("limit", 20)
        self.plan, self.events, self.waiting, self.asked = plan, [], [], {}

    def run(self, first, data):
        queue, ran = deque([(first, data)]), 0
        while queue and ran < self.limit:
            one, data = queue.popleft()
            ran += 1
            queue.extend(self._run_sequence(one, data))
        limited = {"limited": True} if queue else {}
        return {"events": self.events, "waiting": self.waiting, **limited}

    def _run_sequence(self, one, data):
        scope = event.Scope(data["project"], one.stage, data["service"])
        finished = []
        for task in one.tasks:
            payload = event.task_input(data, scope, finished, task.properties, task.name)
            self._say(task.name, "triggered", payload, task)
            reports = self._reports(one, task, payload)
            if reports is None:
                self.waiting.append(f"{one.stage}.{one.sequence}.{task.name}")
                return []
            finished.append(event.FinishedTask(task.name, tuple(reports)))
            self._say(task.name, "finished", finished[-1].outcome._asdict())
            if finished[-1].outcome.stops:
                break
        outcome = event.sequence_outcome(finished)
        self._say(f"{one.stage}.{one.sequence}", "finished", event.finished_data(data, scope, finished, outcome))
        followers = [one for one in one.followers if finished and event.matches(one.selector, outcome)]
        started = []
        for follower in followers:
            follow_up = event.follow_up_data(data, scope, finished, follower.stage)
            self._say(f"{follower.stage}.{follower.sequence}", "triggered", follow_up)
            started.append((self.plan.find(follower.stage, follower.sequence), follow_up))
        return started

    def _reports(self, one, task, payload):
        """Return what a task reports; None while a person is asked."""
        answered = self._answer(one, task)
        if task.name != "approval":
            return DEFAULT_ANSWER if answered is None else answered
        decision = approval.decide(approval.effective_result(payload), payload.get("approval"))
        if decision == approval.ASK:
            if answered is None:
                return None
            decision = answered[0]["decision"]
        return [{"status": "succeeded", "result": "pass" if decision == approval.APPROVE else "fail"}]

    def _answer(self, one, task):
        key = f"{one.stage}.{one.sequence}.{task.name}"
        self.asked[key] = self.asked.get(key, 0) + 1
        answers = self.answers.get(key, [])
        return answers[self.asked[key] - 1] if self.asked[key] <= len(answers) else None

    def _say(self, subject, verb, data, task=None):
        delay = {"after_seconds": task.delay_seconds} if task and task.delay_seconds else {}
        self.events.append({"type": f"{PREFIX}{subject}.{verb}", "data": data, **delay})


def comparable(outcome):
    """Return an outcome without what the cases leave open: empty messages, and empty labels of a `.finished`."""
    if "events" not in outcome:
        return outcome
    return {**outcome, "events": [_comparable_event(one) for one in outcome["events"]]}


def _comparable_event(one):
    data = dict(one["data"])
    if data.get("message") == "":
        del data["message"]
    if one["type"].endswith(".finished"):
        data.pop("message", None)
        if not data.get("labels"):
            data.pop("labels", None)
    return {"type": one["type"], "data": data, "after_seconds": one.get("after_seconds", 0)}
