"""Airflow for all tests: a home of its own, so that no test meets somebody's settings or database."""

import atexit
import os
import shutil
import tempfile
from pathlib import Path

HOME = Path(tempfile.mkdtemp(prefix="slipway-tests-"))
atexit.register(shutil.rmtree, HOME, ignore_errors=True)
# A file instead of variables: processes that tests start with a home of their own must not inherit the settings.
(HOME / "airflow.cfg").write_text(
    f"""[core]
load_examples = False
plugins_folder = {Path(__file__).parents[1] / "plugins"}
dags_folder = {HOME / "dags"}
[database]
sql_alchemy_conn = sqlite:///{HOME / "airflow.db"}
[api]
base_url = http://127.0.0.1:8080
[logging]
logging_level = WARNING
base_log_folder = {HOME / "logs"}
"""
)
os.environ["AIRFLOW_HOME"] = str(HOME)
# Another package in our environment would tell its makers of each parse.
os.environ["DO_NOT_TRACK"] = "1"
