"""How the outcome of a sequence case compares with what the case expects."""


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
