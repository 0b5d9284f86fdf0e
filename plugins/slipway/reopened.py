"""A run that is taken up again, because somebody marked or cleared a task of it: what is old is done again.

Behind a task that is marked as success Airflow clears what has failed, and no more: neither the lane, which a run that
has ended has left, nor the sequence's result, which is a task that did well. Behind a task that is cleared alone
nothing is cleared, not even an approval that waits. So the tasks look for themselves. Whatever is run again takes
``begin`` and the lane along, as these are setups, and the task that looked is tried again behind them.
"""

from __future__ import annotations

import logging
from typing import Any

from slipway.task_report import FINISHED, RESULT_TASK_ID, task_states

COUNTED = "counted"  # XCom of the result: the states that it is made of
log = logging.getLogger(__name__)


class RunReopened(Exception):
    """No outcome: the task is tried again, when its run has its lane again."""


def run_old_again(ti: Any) -> None:
    """Refuse to do a task of the sequence in front of what was done, or asked, before its run was taken up again.

    :param ti: of a task of the sequence, which runs now.
    :raises RunReopened: when the result stands already, or an approval waits.
    :raises NoConnection: when Airflow's API must be asked to clear, and its connection is missing.
    :raises ApiUnavailable: when it gives no usable answer.
    """
    states = task_states(ti)
    old = [task_id for task_id, state in states.items() if state == "awaiting_input"]
    if states.get(RESULT_TASK_ID) == "success":
        old.append(RESULT_TASK_ID)
    _run_again(ti, old)


def count_again(ti: Any) -> None:
    """Have the result worked out again when a task that it counted has another state since.

    :param ti: of the last task of the run, which runs now.
    :raises RunReopened: as above, and the others.
    """
    counted = ti.xcom_pull(task_ids=RESULT_TASK_ID, key=COUNTED)
    states = task_states(ti)
    if not counted or not ti.xcom_pull(task_ids=RESULT_TASK_ID, key=FINISHED):
        return
    if states.get(RESULT_TASK_ID) == "success" and any(states.get(one) != state for one, state in counted.items()):
        _run_again(ti, [RESULT_TASK_ID])


def _run_again(ti: Any, old: list[str]) -> None:
    if not old:
        return
    from slipway.hooks.slipway_api import SlipwayApi  # late: every task start parses this file

    for task_id in old:
        log.info("The run was taken up again: '%s' is of the time before, and is run again.", task_id)
        SlipwayApi().run_again(ti.dag_id, ti.run_id, task_id)
    raise RunReopened(f"The run was taken up again: tried again when it has its lane. Run again: {', '.join(old)}.")
