"""The HTML report: of a run beside its model, and of a saved model on a labelled table."""

from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from boostimb.cli._errors import InputError, refused_as_input, say
from boostimb.cli._model import as_trained, feature_names, load_model_of_two, text_columns
from boostimb.cli._options import in_options
from boostimb.cli._pieces import columns_of, pieces_of
from boostimb.cli._predict import check_files
from boostimb.cli._progress import progress
from boostimb.cli._run import Baseline, Judged
from boostimb.cli._tables import check_columns
from boostimb.cli._task import Task
from boostimb.metrics import Confusion
from boostimb.model import Ensemble
from boostimb.report import ModelScores, in_plain_words, page_of_model, write_page
from boostimb.search import TuneResult, page_of
from boostimb.typing import BoolArray
from boostimb.validation import missing_extra

if TYPE_CHECKING:
    import pandas as pd

REPORT = "report.html"


def save_report(task: Task, result: TuneResult, tuned: Judged, plain: Baseline, folder: Path) -> bool:
    """Write the report of a run on its held-out part; False where there is none: it needs Jinja, and two classes."""
    at, of_plain = tuned.confusion, plain.judged.confusion
    if find_spec("jinja2") is None or not (isinstance(at, Confusion) and isinstance(of_plain, Confusion)):
        return False
    y = np.asarray(task.truth[task.test], dtype=np.bool_)
    own = page_of(result, f"{task.name}: {task.target}")
    models = (
        ModelScores.of("this model", y, tuned.proba, tuned.proba >= at.threshold),
        ModelScores.of(f"plain {plain.booster}", y, plain.judged.proba, plain.judged.proba >= 0.5),
    )
    page = replace(
        own,
        y=y,
        proba=tuned.proba,
        rows="held out",
        chosen_by=f"{own.chosen_by} out of fold",
        plain=of_plain,
        plain_name=f"A plain {plain.booster}, with its default parameters and cut at 0.5",
        models=models,
        warned=tuple(map(in_options, own.warned)),
        cut="the chosen cut, and at 0.5 for the plain booster",
    )
    write_page(page, folder / REPORT)
    return True


def report_file(model_path: Path, table: Path, target: str, out: Path, decimal: str | None) -> None:
    """Score a labelled table with a saved model, and write a report on it.

    Raises
    ------
    InputError
        If model, table or target cannot be used; no report is left behind then.
    """
    if find_spec("jinja2") is None:
        raise missing_extra("jinja2", "a report")
    if out.suffix.lower() not in (".html", ".htm"):
        raise InputError(f"--out must end in .html, got {str(out)!r}")
    if out.is_dir():
        raise InputError(f"--out {out} is a folder, and must be a file")
    check_files(table, None)
    model = load_model_of_two(model_path, "boostimb report")
    columns = columns_of(table)
    check_columns([target], columns, "--target")
    names = feature_names(model, [name for name in columns if name != target])
    texts = text_columns(model, names)
    if isinstance(model.classes_.tolist()[0], str):
        texts.append(target)
    labels: list[BoolArray] = []
    probas = []
    with progress(f"Scoring {table.name}", shown=True) as advance:
        for piece in pieces_of(table, [*names, target], texts, keep=False, decimal=decimal):
            labels.append(_positive(model, piece.features[target], target))
            with refused_as_input():
                probas.append(model.predict_proba(as_trained(model, piece.features[names]))[:, model.positive_index])
            advance(len(piece.features), piece.share)
    if not labels:
        raise InputError(f"{table} holds no rows")
    y, proba = np.concatenate(labels), np.concatenate(probas)
    if not 0 < y.sum() < y.size:
        raise InputError(f"the target {target!r} must hold both classes, and {int(y.sum()):,} of its {y.size:,} rows are positive")
    page = replace(
        page_of_model(model, y, proba, f"{table.name}: {target}"), chosen_by="as the model was saved", rows="of this table"
    )
    write_page(page, out)
    say(f"{in_plain_words(page.decision)} Written to {out}.")


def _positive(model: Ensemble, column: "pd.Series[Any]", target: str) -> BoolArray:
    """Return which rows have the model's positive label."""
    missing = int(column.isna().sum())
    if missing:
        raise InputError(f"the target {target!r} is missing in {missing:,} rows: drop these rows first")
    classes = model.classes_.tolist()
    known = column.isin(classes)
    if not known.all():
        raise InputError(f"the target {target!r} must hold the labels of the model, {classes}; got {column[~known].tolist()[0]!r}")
    return np.asarray(column == classes[model.positive_index], dtype=bool)
