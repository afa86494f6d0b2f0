"""The folder that a run leaves behind: the model, the plots and the figures."""

import json
import os
from collections.abc import Mapping
from dataclasses import asdict
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np

import boostimb
from boostimb.cli._errors import InputError, say
from boostimb.cli._report import REPORT
from boostimb.cli._run import Baseline, Judged
from boostimb.cli._settings import Settings
from boostimb.cli._several_classes import class_counts
from boostimb.cli._task import Task
from boostimb.metrics import Confusion
from boostimb.search import TuneResult
from boostimb.typing import IntArray

MODEL, PLOT, FIGURES = "model", "report.png", "metrics.json"


def check_folder(folder: Path) -> None:
    """Raise, before anything is searched, if the results could not be written there or would overwrite another's files."""
    if folder.exists():
        if not folder.is_dir():
            raise InputError(f"--out {folder} is a file, and must be a folder")
        earlier = (folder / MODEL / "manifest.json").is_file()
        if any(folder.iterdir()) and not earlier:
            raise InputError(f"--out {folder} holds other files than those of an earlier run: choose another folder")
        if earlier:
            say(f"Note: {folder} holds an earlier run, which this one will replace: --out names another folder.")
    existing = next(each for each in (folder, *folder.absolute().parents) if each.exists())
    if not existing.is_dir() or not os.access(existing, os.W_OK):
        raise InputError(f"--out {folder} cannot be written: {existing} is not a folder in which you may write")


def save_model(result: TuneResult, folder: Path) -> None:
    """Write the model, and take away what an earlier run left beside it: it is not of this model."""
    result.save(folder / MODEL)
    for name in (PLOT, REPORT, FIGURES):
        (folder / name).unlink(missing_ok=True)


def save_plot(task: Task, judged: Judged, folder: Path) -> bool:
    """Write the plots of the held-out part; False where Matplotlib is not installed."""
    if find_spec("matplotlib") is None:
        return False
    from boostimb.report import overview, plot_class_confusion

    at, title = judged.confusion, f"{task.name}, held-out part"
    if isinstance(at, Confusion):
        figure = overview(task.truth[task.test], judged.proba, at.threshold, title)
    else:
        truth, decided = np.divmod(np.repeat(np.arange(at.counts.size), at.counts.ravel()), len(task.classes))
        ax: Any = plot_class_confusion(at.classes[truth], at.classes[decided], task.classes)
        ax.set_title(title)
        figure = ax.figure  # by Matplotlib's types a part of one, which could not be saved
    figure.savefig(folder / PLOT, dpi=150)
    return True


def save_figures(
    task: Task, settings: Settings, result: TuneResult, tuned: Judged, plain: Baseline, seconds: float, folder: Path
) -> None:
    """Write all figures of the run as JSON."""
    low, high = result.score_interval_
    content = {
        "format": "boostimb run",
        "version": 1,
        "boostimb": boostimb.__version__,
        "table": {
            "name": task.name,
            "target": task.target,
            "positive": task.pos_label,
            "classes": task.classes,
            "features": task.X.shape[1],
            "training": _counts(task, task.train),
            "held_out": _counts(task, task.test),
        },
        "settings": {key: value for key, value in asdict(settings).items() if key != "metric"},
        "search": {
            "trials": int(result.cv_results_["trial"].size),
            "seconds": round(seconds, 1),
            "best_params": result.best_params_,
        },
        "threshold": np.asarray(result.threshold_).tolist(),
        "out_of_fold": {
            "metric": settings.metric_name,
            "score": result.best_score_,
            "corrected": result.corrected_score_,
            "interval": [low, high],
            "baseline": result.baseline_score_,
            "baseline_name": result.baseline_name_,
        },
        "held_out": {
            "metric": tuned.metric,
            "tuned": asdict(tuned.scores),
            "confusion": _confusion(tuned),
            "baseline": {"what": plain.description, **asdict(plain.judged.scores)},
            "baseline_confusion": _confusion(plain.judged),
        },
    }
    (folder / FIGURES).write_text(json.dumps(content, indent=1, default=_plain) + "\n", encoding="utf-8")


def _counts(task: Task, rows: IntArray) -> Mapping[str, Any]:
    truth = task.truth[rows]
    if task.pos_label is None:
        return {"rows": rows.size, "of_each_class": class_counts(np.asarray(truth, dtype=np.intp), task.classes)}
    return {"rows": rows.size, "positives": int(truth.sum())}


def _confusion(judged: Judged) -> Mapping[str, Any]:
    """Return the counts; of several classes a row for each truth and a column for each decision, in the order of ``classes``."""
    at = judged.confusion
    return asdict(at) if isinstance(at, Confusion) else {"counts": at.counts.tolist()}


def _plain(value: Any) -> Any:
    """Return what JSON has no type for as what it is closest to."""
    return value.item() if hasattr(value, "item") else str(value)
