"""Stages whose approvals have approvers, supersede each other, or expire; nothing in them touches a cluster."""

from datetime import timedelta

from airflow.sdk import DAG
from slipway.operators.release import ReleaseOperator
from slipway.operators.sequence import BeginSequence, FinishSequence, SequenceResult
from slipway.operators.task import Seat
from slipway.sensors.approval import ApprovalSensor
from slipway.sequence_dag import RETRIES


def stage(name, **approval):
    """Build `e2estrict.NAME.delivery`: an approval, then a release."""
    with DAG(f"e2estrict.{name}.delivery", schedule=None, default_args=RETRIES, is_paused_upon_creation=False) as dag:
        begin = BeginSequence(task_id="slipway_begin", project="e2estrict", stage=name, services=["runner", "walker"])
        asked = ApprovalSensor(task_id="approval", seat=Seat("approval"), **approval)
        release = ReleaseOperator(task_id="release", seat=Seat("release", None, (("approval", "approval"),)))
        tasks = [("approval", "approval"), ("release", "release")]
        result = SequenceResult(task_id="slipway_result", tasks=tasks, trigger_rule="all_done")
        finish = FinishSequence(task_id="slipway_finish")
        finish.as_teardown(on_failure_fail_dagrun=True)
        begin >> asked >> release >> result >> finish
        asked >> result
    return dag


chosen = stage("chosen", approvers=["op"])
newest = stage("newest", approvers=["op"], supersede=True)
brief = stage("brief", expires_after=timedelta(seconds=5))
