"""Environments of their own, for packages that boostimb plugs into and does not depend on."""

import hashlib
import os
import shlex
import subprocess
import sys
import venv
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="session")
def environment(request):
    """Return the Python of an environment that a `pip install` line made, with this boostimb in it.

    It is made once a line, and kept where pytest keeps what it caches, or in the folder that BOOSTIMB_PLUGS names.
    """
    place = os.environ.get("BOOSTIMB_PLUGS")
    folder = Path(place) if place else request.config.cache.mkdir("plugs")

    def make(name, line, *more):
        words = [*shlex.split(line)[2:], "pandas", *more]
        words = [
            word for each in words for word in (("-e", each.replace("boostimb", str(ROOT), 1)) if "boostimb" in each else (each,))
        ]
        digest = hashlib.sha256(" ".join([sys.version, *words]).encode()).hexdigest()[:12]
        home = folder / f"{name}-{digest}"
        python = home / "bin" / "python"
        if not (home / "complete").exists():
            venv.create(home, with_pip=True, clear=True)
            subprocess.run([python, "-m", "pip", "install", "-q", *words], check=True)
            (home / "complete").touch()
        return python

    return make
