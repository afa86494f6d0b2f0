"""boostimb.tune against FLAML, AutoGluon, a notebook of Optuna and imbalanced-learn, and plain boosters, on real tables.

``python benchmarks/tune.py FOLDER [--tables a b] [--seeds 0 1 2] [--timeout 60] [--contenders ...] [--envs peers] [--results F]``

``python benchmarks/tune.py --report FILE [FILE ...]`` prints the tables of finished results and runs nothing.

FOLDER holds parquet files whose last column ``target`` is 1 for the rare class. Exact duplicates of rows are dropped, 60% of the
rest are for training, 40% for the test, stratified, by the seed. Each contender is a process of its own with two cores, sees the
training rows and the features of the test rows, and answers with probabilities, labels and its claim; the test labels never leave
this process. One that fails, or takes more than three times the timeout, is a row that says so. Each outcome is written at once,
and the same command goes on where it was stopped. What each contender is: benchmarks/tune_contenders.py. FLAML and AutoGluon need
other versions than boostimb and have environments of their own (about 3 GB):

    python -m venv peers/flaml && peers/flaml/bin/pip install -r benchmarks/peers-flaml.txt
    python -m venv peers/autogluon && peers/autogluon/bin/pip install -r benchmarks/peers-autogluon.txt

Linux only. The whole takes some six hours at a timeout of 60 seconds.
"""

import argparse
import json
import os
import platform
import signal
import subprocess
import sys
import tempfile
import time
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from sklearn.metrics import (
    average_precision_score,
    brier_score_loss,
    f1_score,
    log_loss,
    matthews_corrcoef,
    roc_auc_score,
)
from sklearn.model_selection import train_test_split
from tune_contenders import CONTENDERS, CORES, ENVIRONMENTS
from tune_report import KEY, read, report

from boostimb.metrics import resampled_average_precision

TABLES = (
    "creditcard_fraud_union", "adult", "ai4i2020_failure", "mammography", "SIM_fraud_handbook", "bank_additional",
    "give_me_some_credit", "coil2000", "stroke", "sick", "oil_spill", "ozone_eighthr", "adb_wilt", "phoneme", "keel_yeast6",
    "keel_flare_F",
)  # fmt: skip
# A contender may run over its budget, but not without end.
PATIENCE = 3
RESAMPLES = 500
THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMEXPR_NUM_THREADS", "LOKY_MAX_CPU_COUNT")


def split(path: Path, seed: int) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Training and test rows, the labels in ``target``."""
    frame = pd.read_parquet(path).drop_duplicates(ignore_index=True)
    train, test = train_test_split(frame, test_size=0.4, stratify=frame["target"], random_state=seed)
    return train.reset_index(drop=True), test.reset_index(drop=True)


def scores(y: Any, proba: Any, label: Any) -> dict[str, float]:
    """What an answer is worth on the test rows; ``test_error`` is the standard error of its average precision over such rows."""
    counts = np.random.default_rng(0).poisson(1, (RESAMPLES, y.size)).astype(np.uint8)
    found = {
        "average_precision": average_precision_score(y, proba),
        "f1": f1_score(y, label),
        "mcc": matthews_corrcoef(y, label),
        "brier": brier_score_loss(y, proba),
        "log_loss": log_loss(y, np.clip(proba, 1e-15, 1 - 1e-15)),
        "roc_auc": roc_auc_score(y, proba),
        "test_error": resampled_average_precision(y, proba[None], counts).std(ddof=1),
    }
    return {name: float(value) for name, value in found.items()}


def python_of(contender: str, envs: Path) -> Path:
    """The interpreter that a contender runs by."""
    name = ENVIRONMENTS.get(contender)
    return Path(sys.executable) if name is None else envs.absolute() / name / "bin" / "python"


def ask(command: list[str], folder: Path, limit: float) -> str | None:
    """Run a contender; return None when it has answered, or the last line of what went wrong."""
    log = folder / "log"
    with log.open("wb") as out:
        # a session of its own, so that all that it starts can be ended with it
        process = subprocess.Popen(
            command,
            cwd=folder,
            env={**os.environ, **dict.fromkeys(THREADS, str(CORES))},
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        try:
            code = process.wait(limit)
        except subprocess.TimeoutExpired:
            return f"stopped after {limit:.0f} s"
        finally:
            end(process)
    if code == 0:
        return None
    lines = [line for line in log.read_text(encoding="utf-8", errors="replace").splitlines() if line.strip()]
    return lines[-1].strip()[:300] if lines else f"ended with code {code}"


def end(process: subprocess.Popen[bytes]) -> None:
    """End a process and all of its session."""
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except ProcessLookupError:
        return  # it has ended, and left nothing behind
    finally:
        process.wait()


def outcome(contender: str, python: Path, train: pd.DataFrame, test: pd.DataFrame, timeout: float, seed: int) -> dict[str, Any]:
    """Run one contender on one split; the row of the results less its key."""
    y = test["target"].to_numpy().astype(int)
    with tempfile.TemporaryDirectory(prefix="tune-") as name:
        folder = Path(name)
        train.to_parquet(folder / "train.parquet")
        test.drop(columns="target").to_parquet(folder / "test.parquet")
        script = Path(__file__).with_name("tune_contenders.py").absolute()
        # -P keeps the modules beside the script from being imported in the place of a package
        command = [
            str(python),
            "-P",
            str(script),
            contender,
            "train.parquet",
            "test.parquet",
            str(timeout),
            str(seed),
            "answer.json",
        ]
        started = time.monotonic()
        error = ask(command, folder, PATIENCE * timeout)
        row: dict[str, Any] = {"process_seconds": time.monotonic() - started}
        if error is not None:
            return {**row, "error": error}
        answer = json.loads((folder / "answer.json").read_text(encoding="utf-8"))
    proba, label = np.array(answer.pop("proba"), dtype=float), np.array(answer.pop("label"), dtype=int)
    if proba.shape != y.shape or label.shape != y.shape or not (np.isfinite(proba) & (proba >= 0) & (proba <= 1)).all():
        return {**row, "error": "the answer does not hold a probability and a label for each test row"}
    return {**row, "error": None, **answer, **scores(y, proba, label)}


def machine() -> str:
    info = Path("/proc/cpuinfo").read_text(encoding="utf-8")
    kind = next((line.split(":")[1].strip() for line in info.splitlines() if "model name" in line), platform.machine())
    return f"{kind}, {os.cpu_count()} processors, {platform.system()} {platform.machine()}, {CORES} used"


def run(given: argparse.Namespace) -> None:
    """Make every row that the results lack."""
    pythons = {name: python_of(name, given.envs) for name in given.contenders}
    absent = sorted({str(python) for python in pythons.values() if not python.exists()})
    if absent:
        raise SystemExit(f"no environment at {', '.join(absent)}: make it as --help says, or choose --contenders without it")
    os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:CORES])  # of every process that is started here, too
    done = {tuple(row[name] for name in KEY) for row in read([given.results])} if given.results.exists() else set()
    for table in given.tables:
        for seed in given.seeds:
            keys = {name: (table, seed, name, given.timeout) for name in given.contenders}
            if done.issuperset(keys.values()):
                continue
            train, test = split(given.folder / f"{table}.parquet", seed)
            for contender, key in keys.items():
                if key in done:
                    continue
                row = {
                    **dict(zip(KEY, key, strict=True)),
                    **outcome(contender, pythons[contender], train, test, given.timeout, seed),
                    "n_train": len(train),
                    "n_test": len(test),
                    "positives": int(test["target"].sum()),
                    "machine": machine(),
                    "date": date.today().isoformat(),
                }
                with given.results.open("a", encoding="utf-8") as file:
                    file.write(json.dumps(row) + "\n")
                said = row["error"] or f"{row['average_precision']:.4f} in {row['seconds']:.0f} s"
                print(f"{table}, seed {seed}, {contender}: {said}", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, nargs="?")
    parser.add_argument("--tables", nargs="+", default=TABLES)
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--timeout", type=float, default=60)
    parser.add_argument("--contenders", nargs="+", choices=CONTENDERS, default=list(CONTENDERS), metavar="NAME")
    parser.add_argument("--envs", type=Path, default=Path("peers"), help="folder with the environments flaml and autogluon")
    parser.add_argument("--results", type=Path, default=Path("results.jsonl"))
    parser.add_argument("--report", type=Path, nargs="+", metavar="RESULTS", help="print the tables of these results; run nothing")
    given = parser.parse_args()
    if given.report is None:
        if given.folder is None:
            parser.error("FOLDER is needed, unless --report is given")
        try:
            run(given)
        except KeyboardInterrupt:
            raise SystemExit("\nstopped; the same command goes on from here") from None
        given.report = [given.results]
        print()
    print(report(read(given.report)))


if __name__ == "__main__":
    main()
