"""The dashboard, started as the page says, serves the study with its trials."""

import json
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

import page

with socket.socket() as free:
    free.bind(("127.0.0.1", 0))
    port = free.getsockname()[1]
command = shutil.which("optuna-dashboard", path=Path(sys.executable).parent)
process = subprocess.Popen([command, "sqlite:///studies.db", "--host", "127.0.0.1", "--port", str(port)])


def get(path):
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/api/{path}", timeout=10) as answer:
        return json.load(answer)


try:
    deadline = time.monotonic() + 60
    while True:
        try:
            (study,) = get("studies")["study_summaries"]
            break
        except urllib.error.URLError:
            assert process.poll() is None, "the dashboard has ended"
            assert time.monotonic() < deadline, "the dashboard does not answer"
            time.sleep(0.2)
    assert study["study_name"] == "fraud"
    trials = get(f"studies/{study['study_id']}?after=0")["trials"]
finally:
    process.terminate()
    process.wait(30)
ours = page.result.study_.trials
assert len(trials) == len(ours) > 0
shown = {trial["number"]: trial["values"] for trial in trials if trial["state"] == "Complete"}
assert shown == {trial.number: trial.values for trial in ours if trial.state.name == "COMPLETE"}
