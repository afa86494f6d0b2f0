"""Settings and fixtures that all tests share."""

import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import settings
from threadpoolctl import threadpool_limits

# A first call may compile a kernel, so no example has a deadline. On a build server the same examples are drawn each time.
settings.register_profile("local", deadline=None)
settings.register_profile("ci", deadline=None, derandomize=True)
settings.load_profile("ci" if os.environ.get("CI") else "local")


@pytest.fixture(scope="session")
def program() -> Callable[[str, str], Path]:
    """Find a program of a Debian package, such as ("chromium", "chromium") or ("redis-server", "redis-server").

    A build server (CI is set) installs the package where it may; elsewhere the test skips, and says what to install.
    """

    def which(name: str) -> str | None:
        places = [os.environ["PATH"], *map(str, Path("/usr/lib/postgresql").glob("*/bin"))]  # Debian keeps that off the path
        return shutil.which(name, path=os.pathsep.join(places))

    def find(name: str, package: str) -> Path:
        found = which(name)
        if found is None and os.environ.get("CI") and shutil.which("apt-get") and os.geteuid() == 0:
            quiet = {"stdout": subprocess.DEVNULL, "env": {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}}
            for what in (["update"], ["install", "-y", "--no-install-recommends", package]):
                # Other test processes install too, hence the wait.
                subprocess.run(["apt-get", "-q", "-o", "DPkg::Lock::Timeout=300", *what], check=True, **quiet)
            found = which(name)
            assert found is not None, f"{package} is installed and holds no {name}"
        if found is None:
            pytest.skip(f"needs {name}: apt-get install {package}")
        return Path(found)

    return find


@pytest.fixture
def one_thread(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Use one thread where nobody asked for a number: on small tables, threads that share a busy core wait for each other.

    It reaches the OpenMP libraries that are loaded by now, so a test imports its boosters first.
    """
    monkeypatch.setenv("LOKY_MAX_CPU_COUNT", "1")  # what joblib takes for the number of cores
    with threadpool_limits(1):
        yield
