"""A lane gets free → the trigger of the run that waits for it fires. Printed, not asserted.

Run it with `python tests/bench/lane_handover.py`. A hundred runs wait in one triggerer, each in the records of a
SQLite file; what Airflow adds until the next task works is measured by `on_a_running_airflow.py`. Goal for both: 3 s.
"""

import asyncio
import logging
import statistics
import tempfile
import time
from datetime import UTC, datetime, timedelta

import structlog
from slipway.triggers import lane
from slipway.triggers.lane import LaneTrigger
from slipway_core.keptn.lanes import Entry, Place, Run
from slipway_core.records import Records

WAITING, HANDOVERS = 100, 15
CARTS = Place("shop", "qa", "carts")


async def hand_over(records):
    """Free the lane again and again; return the seconds until the next trigger fired."""
    runs = [Run("shop.qa.delivery", f"run {number}") for number in range(WAITING)]
    for number, run in enumerate(runs):
        records.lanes.enter(CARTS, Entry(run, f"ctx {number}", datetime.now(UTC) + timedelta(seconds=number)))
    records.lanes.take(runs[0])

    async def fired(run):
        await anext(LaneTrigger(**run._asdict(), since=time.time()).run())
        return time.perf_counter()

    waiting = [asyncio.ensure_future(fired(run)) for run in runs[1:]]
    await asyncio.sleep(2 * lane.LOOK_EVERY)
    taken = []
    for number in range(HANDOVERS):
        await asyncio.sleep(lane.LOOK_EVERY * number / HANDOVERS)  # not in step with the looks
        freed = time.perf_counter()
        await asyncio.to_thread(records.lanes.leave, runs[number])
        taken.append(await waiting[number] - freed)
    for one in waiting:
        one.cancel()
    await asyncio.gather(*waiting, return_exceptions=True)
    return taken


def main():
    """Print median and maximum."""
    logging.disable(logging.INFO)
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(30))
    lane.ASK_EVERY = 3600.0  # there is no Airflow to ask
    with tempfile.TemporaryDirectory() as folder:
        records = Records(f"sqlite:///{folder}/records.db")
        lane.open_records = lambda: records
        taken = asyncio.run(hand_over(records))
    median, longest = statistics.median(taken), max(taken)
    said = f"Lane freed → trigger fires, {WAITING} wait"
    print(f"{said:<47} {median:8.3f} s            goal 3 (max {longest:.3f})")


if __name__ == "__main__":
    main()
