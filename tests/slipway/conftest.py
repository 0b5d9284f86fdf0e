"""Stand-ins for what Airflow gives a running task."""

import shutil
from datetime import UTC, datetime
from types import SimpleNamespace

import pytest
from slipway_core.records import Records

NOON = datetime(2024, 1, 1, 12, tzinfo=UTC)
START = {"conf": {}, "clear_number": 0, "run_type": "manual", "run_after": NOON, "start_date": NOON}
BEGIN = {"project": "shop", "stage": "qa", "service": "carts", "labels": {"build": "42"}}


class StandInTaskInstance:
    """Keeps XComs, and knows the states of its run's tasks."""

    def __init__(self, task_id="deployment", states=None):
        self.dag_id, self.run_id, self.task_id, self.map_index = "shop.qa.delivery", "manual__1", task_id, -1
        self.task = SimpleNamespace(dag=SimpleNamespace(task_dict={"approval": SimpleNamespace(approvers=())}))
        self.states = dict(states or {})
        self.xcoms = {}

    def xcom_push(self, key, value):
        self.put(self.task_id, key, value)

    def put(self, task_id, key, value):
        """Store what another task of the run has pushed."""
        self.xcoms[task_id, key] = value

    def xcom_pull(self, task_ids, key="return_value"):
        return self.xcoms.get((task_ids, key))

    def pushed(self, key):
        """Return what this task has pushed."""
        return self.xcoms.get((self.task_id, key))

    def get_task_states(self, dag_id, run_ids):
        assert (self.dag_id, [self.run_id]) == (dag_id, run_ids)
        return {self.run_id: dict(self.states)}


class StandInStore(dict):
    """What a task keeps over its tries."""

    def set(self, key, value):
        self[key] = value


@pytest.fixture(scope="session")
def empty_records(tmp_path_factory):
    """A database with tables and nothing in them; making them takes a while."""
    path = tmp_path_factory.mktemp("records") / "empty.db"
    Records(f"sqlite:///{path}").migrate()
    return path


@pytest.fixture(autouse=True)
def records(empty_records, tmp_path, monkeypatch):
    """Records of the test's own."""
    url = f"sqlite:///{shutil.copy(empty_records, tmp_path / 'records.db')}"
    monkeypatch.setenv("SLIPWAY_RECORDS_URL", url)
    return Records(url, wait=1.0)


@pytest.fixture
def begin():
    """Data of the sequence's own event."""
    return dict(BEGIN)


@pytest.fixture
def make_ti():
    """Make task instances of one run."""
    return StandInTaskInstance


@pytest.fixture
def ti():
    """A task instance whose sequence has begun."""
    made = StandInTaskInstance()
    made.put("slipway_begin", "triggered", {"context": "ctx-1", "data": dict(BEGIN)})
    return made


@pytest.fixture
def context(ti):
    """What `execute` gets."""
    run = SimpleNamespace(dag_id=ti.dag_id, run_id=ti.run_id, **START)
    return {"ti": ti, "dag_run": run, "params": {}, "task_state_store": StandInStore()}
