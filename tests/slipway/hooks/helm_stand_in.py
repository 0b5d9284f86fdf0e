#!/usr/bin/env python3
"""Stands in for Helm: records how it was called, then does what the file `does.json` beside it says."""

import json
import os
import signal
import sys
import time
from pathlib import Path

here = Path(__file__).parent
flag = sys.argv.index("--kubeconfig") if "--kubeconfig" in sys.argv else None
config = Path(sys.argv[flag + 1]) if flag else None
call = {
    "argv": sys.argv[1:],
    "environment": sorted(os.environ),
    "kubeconfig": config and json.loads(config.read_text()),
    "mode": config and oct(config.stat().st_mode & 0o777),
    "folder_mode": config and oct(config.parent.stat().st_mode & 0o777),
    "values": [Path(sys.argv[n + 1]).read_text() for n, one in enumerate(sys.argv) if one == "--values"],
}
with (here / "calls.jsonl").open("a") as calls:
    calls.write(json.dumps(call) + "\n")


def end(*_):
    """Note that we were asked to end."""
    (here / "ended").touch()
    sys.exit(1)


signal.signal(signal.SIGTERM, end)
does = json.loads((here / "does.json").read_text()).get(sys.argv[1], {})
(here / "began").touch()
time.sleep(does.get("seconds", 0))
sys.stdout.write(does.get("out", "{}"))
sys.stderr.write(does.get("err", ""))
sys.exit(does.get("code", 0))
