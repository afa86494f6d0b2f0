"""The documentation site is made without a warning, by the command of docs/contributing.md in an environment of its own."""

import os
import re
import subprocess
import venv
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]


@pytest.mark.slow
def test_the_site_builds_without_warnings(tmp_path):
    """All notebooks are executed in full: some ten minutes."""
    site = tmp_path / "project"
    for name in subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True).stdout.splitlines():
        (site / name).parent.mkdir(parents=True, exist_ok=True)
        (site / name).write_bytes((ROOT / name).read_bytes())
    text = (site / "docs" / "contributing.md").read_text(encoding="utf-8")
    (command,) = re.findall(r"^(.venv/bin/pip install .*docs/build.py)$", text, re.MULTILINE)
    venv.create(site / ".venv", with_pip=True)
    clean = {name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "PYTHONHOME", "VIRTUAL_ENV")}
    done = subprocess.run(
        command, shell=True, cwd=site, env=clean, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False
    )
    assert done.returncode == 0, done.stdout[-3000:]
    pages = {path.parent.name for path in (site / "site" / "notebooks").glob("*/index.html")}
    assert pages >= {path.stem for path in (site / "docs" / "notebooks").glob("*.ipynb")}
