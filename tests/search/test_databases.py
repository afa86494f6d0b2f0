"""A study in each database that Optuna takes, served for real: PostgreSQL, MySQL's twin MariaDB, and a journal in Redis."""

import os
import shutil
import socket
import subprocess
import sys
import tempfile
import textwrap
import time
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest

import boostimb as bi
from boostimb.search._study import open_storage

QUICK = {"booster": "lightgbm", "cv": 3, "progress": False, "random_state": 0, "n_jobs": 1, "timeout": None}


def free_port():
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        return server.getsockname()[1]


@contextmanager
def serve(port, *command, **settings):
    """Run a server until it answers at a port, and end it after the test."""
    process = subprocess.Popen([*map(str, command)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, **settings)
    try:
        for _ in range(300):
            assert process.poll() is None, f"{command[0]} ended with {process.returncode}"
            with socket.socket() as client:
                if client.connect_ex(("127.0.0.1", port)) == 0:
                    break
            time.sleep(0.1)
        else:
            pytest.fail(f"{command[0]} does not answer")
        yield
    finally:
        process.terminate()
        process.wait(20)


@contextmanager
def home_of(name):
    """A folder for a server that refuses to be root, and how to run it: as the user that its package made, who owns the folder.

    Not below pytest's own folder, which no other user may enter.
    """
    with tempfile.TemporaryDirectory() as folder:
        if os.geteuid() != 0:
            yield Path(folder), {}
            return
        shutil.chown(folder, name)
        yield Path(folder), {"user": name, "group": name, "extra_groups": []}


@pytest.fixture(scope="module")
def postgres(program):
    pytest.importorskip("psycopg")
    initdb, server = program("initdb", "postgresql"), program("postgres", "postgresql")
    port = free_port()
    with home_of("postgres") as (folder, owner):
        setup = [initdb, "-D", folder / "data", "-U", "u", "-A", "trust"]
        subprocess.run(setup, check=True, cwd="/", stdout=subprocess.DEVNULL, **owner)
        with serve(port, server, "-D", folder / "data", "-p", port, "-k", folder, "-h", "127.0.0.1", cwd="/", **owner):
            yield f"postgresql+psycopg://u@127.0.0.1:{port}/postgres"


@pytest.fixture(scope="module")
def mysql(program):
    pymysql = pytest.importorskip("pymysql")
    install, server = program("mariadb-install-db", "mariadb-server"), program("mariadbd", "mariadb-server")
    port = free_port()
    with home_of("mysql") as (folder, owner):
        data = f"--datadir={folder / 'data'}"
        setup = [install, "--no-defaults", data, "--auth-root-authentication-method=normal", "--skip-test-db"]
        subprocess.run(setup, check=True, cwd="/", stdout=subprocess.DEVNULL, **owner)
        where = f"--port={port}", "--bind-address=127.0.0.1", f"--pid-file={folder / 'pid'}", f"--socket={folder / 's'}"
        with serve(port, server, "--no-defaults", data, *where, cwd="/", **owner):
            with pymysql.connect(host="127.0.0.1", port=port, user="root") as connection, connection.cursor() as cursor:
                cursor.execute("create database studies")
            yield f"mysql+pymysql://root@127.0.0.1:{port}/studies"


@pytest.fixture(scope="module")
def redis(program, tmp_path_factory):
    pytest.importorskip("redis")
    port = free_port()
    with serve(
        port, program("redis-server", "redis-server"), "--port", port, "--dir", tmp_path_factory.mktemp("redis"), "--save", ""
    ):
        yield f"redis://127.0.0.1:{port}"


DATABASES = ["postgres", "redis", pytest.param("mysql", marks=pytest.mark.slow)]


@pytest.mark.parametrize("database", DATABASES)
def test_a_study_goes_on_in_a_database(small, tmp_path, request, database):
    where = {"storage": request.getfixturevalue(database), "study_name": "goes on", "artifacts": tmp_path / "artifacts"}
    first = bi.tune(*small, n_trials=2, **where, **QUICK)
    second = bi.tune(*small, n_trials=1, **where, **QUICK)
    before, after = (dict(zip(r.cv_results_["trial"], r.cv_results_["score"], strict=True)) for r in (first, second))
    assert len(second.study_.trials) == 3
    assert after.items() >= before.items()
    with pytest.raises(ValueError, match="another labels"):
        bi.tune(small[0], np.roll(small[1], 1), n_trials=1, **where, **QUICK)


@pytest.mark.parametrize("database", ["postgres", pytest.param("redis", marks=pytest.mark.slow)])
def test_processes_share_a_study(small, tmp_path, request, database):
    """Two at once: each trial is made once, and both results are built from all of them that were finished by then."""
    url, artifacts = request.getfixturevalue(database), tmp_path / "artifacts"
    bi.tune(*small, n_trials=1, storage=url, study_name="shared", artifacts=artifacts, **QUICK)
    np.savez(tmp_path / "d.npz", X=small[0], y=small[1])
    script = textwrap.dedent(f"""
        import numpy as np, boostimb as bi
        d = np.load({str(tmp_path / "d.npz")!r})
        where = dict(storage={url!r}, study_name="shared", artifacts={str(artifacts)!r})
        result = bi.tune(d["X"], d["y"], n_trials=3, **where, **{QUICK!r})
        print(len(result.cv_results_["trial"]))
    """)
    workers = [subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True) for _ in range(2)]
    seen = [int(worker.communicate(timeout=120)[0]) for worker in workers]
    assert [worker.returncode for worker in workers] == [0, 0]
    result = bi.tune(*small, n_trials=1, storage=url, study_name="shared", artifacts=artifacts, **QUICK)
    states = [trial.state.name for trial in result.study_.trials]
    assert len(states) == 8
    assert set(states) <= {"COMPLETE", "PRUNED"}
    assert max(seen) <= states.count("COMPLETE") == result.cv_results_["trial"].size


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("nothing://here", r"a URL at which a database answers, got 'nothing://here': Can't load plugin"),
        ("postgresql+psycopg://u@127.0.0.1:1/x", "a URL at which a database answers"),
        ("redis://127.0.0.1:1", "a URL at which Redis answers"),
    ],
)
def test_a_url_where_nothing_answers_is_refused(url, says):
    for module in ("psycopg", "redis"):
        pytest.importorskip(module)
    with pytest.raises(ValueError, match=says):
        open_storage(url)
