"""What a run prints."""

import shlex
from dataclasses import fields
from pathlib import Path

import numpy as np
from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from boostimb.cli._report import REPORT
from boostimb.cli._run import Baseline, Judged
from boostimb.cli._save import FIGURES, MODEL, PLOT
from boostimb.cli._settings import Settings
from boostimb.cli._several_classes import class_counts, with_numbers
from boostimb.cli._task import Task
from boostimb.decision import parse_constraints
from boostimb.metrics import Confusion
from boostimb.model import ClassEnsemble, Ensemble
from boostimb.report import in_plain_words
from boostimb.search import TuneResult, said_of_plain
from boostimb.typing import LabelArray

_NAMES = {
    "average_precision": "average precision",
    "roc_auc": "ROC-AUC",
    "average_precision_weighted": "average precision, weighted",
    "macro_f1": "macro F1",
    "balanced_accuracy": "balanced accuracy",
    "precision": "precision",
    "recall": "recall",
    "f1": "F1",
    "mcc": "MCC",
    "brier": "Brier score",
    "log_loss": "log-loss",
}
_LOWER_IS_BETTER = {"brier", "log_loss"}


def console() -> Console:
    """Return the console of the results; made when it is used, so that it writes where stdout then points."""
    return Console(highlight=False)


def show_task(task: Task, settings: Settings) -> None:
    """Say what is searched on."""
    out = console()
    what = f"{task.truth.size:,} rows, {task.X.shape[1]} features, {_classes(task, task.truth)}"
    out.print(Text.assemble((task.name, "bold"), f": {what}"))
    held = task.truth[task.test]
    of_them = "" if task.pos_label is None else f", {int(held.sum()):,} of them positive"
    out.print(f"Held out and never searched on: {held.size:,} rows{of_them}")
    budget = [_trials(settings.n_trials)] if settings.n_trials is not None else []
    budget += [f"{settings.timeout:g} s"] if settings.timeout is not None else []
    out.print(f"Searching for {' or '.join(budget)} ...\n")


def show_results(task: Task, settings: Settings, result: TuneResult, tuned: Judged, plain: Baseline, seconds: float) -> None:
    """Print scores, estimate, decision and confusion matrix."""
    out = console()
    at = tuned.confusion
    out.print(_scores(plain, tuned, f"{at.tp + at.fn:,.0f} positives" if isinstance(at, Confusion) else f"{task.test.size:,} rows"))
    trials = int(result.cv_results_["trial"].size)
    out.print(f"{plain.description[0].upper()}{plain.description[1:]}.")
    out.print(f"Tuned: {_members(result)}, after {_trials(trials)} in {seconds:.0f} s.\n")

    out.print(_estimate(settings, result, tuned))
    if told := said_of_plain(result):
        out.print(told)
    if isinstance(at, Confusion):
        out.print(Text.assemble(("\nDecision", "bold"), f": positive from probability {at.threshold:.4g} on, {_reason(settings)}"))
        out.print(f"{in_plain_words(at)}{_mean_costs(settings, at, plain)}\n")
        out.print(_confusion(at, task))
        return
    multipliers = with_numbers(task.classes, np.asarray(result.threshold_).tolist())
    how = f": the largest probability times multiplier ({multipliers}), {_reason(settings)}"
    out.print(Text.assemble(("\nDecision", "bold"), how))
    out.print(Text.assemble(("\nDecisions on the held-out part\n", "bold"), f"\n{at}"), soft_wrap=True)


def show_levers(result: TuneResult) -> None:
    """Print what each lever bought."""
    console().print(Text(f"\nWhat each lever bought, out of fold\n{result.lever_report()}"), soft_wrap=True)


def show_files(folder: Path, model: TuneResult, decimal: str | None, *, plotted: bool, told: bool) -> None:
    """Say what was saved and how to use it."""
    out = console()
    lines = [(folder / MODEL, "the model"), (folder / FIGURES, "all figures of this run")]
    several = isinstance(model.best_estimator_, ClassEnsemble)
    if plotted:
        lines.insert(1, (folder / PLOT, f"its {'decisions' if several else 'curves'} on the held-out part"))
    if told:
        lines.insert(1, (folder / REPORT, "all of it as a page, with a threshold to move"))
    out.print("\n[bold]Saved[/bold]")
    width = max(len(str(path)) for path, _ in lines)
    for path, what in lines:
        out.print(Text(f"  {path!s:<{width}}  {what}"), soft_wrap=True)
    if several:
        out.print("No page was written: pages are of two classes")
    elif not told:
        out.print(Text("No page was written: it needs Jinja, pip install 'boostimb[report]'"), soft_wrap=True)
    if not plotted:
        out.print(Text("No plot was drawn: it needs Matplotlib, pip install 'boostimb[plots]'"), soft_wrap=True)
    code = (
        "import boostimb as bi",
        f"model = bi.load({str(folder)!r})",
        f"model.predict_proba(X){_column(model)}, model.predict(X)",
    )
    mark = "" if decimal is None else f" --decimal {decimal}"
    command = f"boostimb predict {shlex.quote(str(folder))} NEW.csv{mark} --out decisions.csv"
    out.print(Text.assemble(("\nUse it", "bold"), f" by {command}\nor in Python:"), soft_wrap=True)
    for line in code:
        out.print(Text(f"  {line}"), soft_wrap=True)


def _table(title: str) -> Table:
    return Table(title=title, title_justify="left", title_style="bold", box=box.SIMPLE_HEAD)


def _classes(task: Task, truth: LabelArray) -> str:
    """Return how many rows are of which class."""
    if task.pos_label is None:
        counts = class_counts(np.asarray(truth, dtype=np.intp), task.classes)
        return f"{len(counts)} classes of {task.target}: {with_numbers(task.classes, counts)}"
    pos = int(truth.sum())
    return f"{pos:,} positives ({task.target} = {task.pos_label}, {pos / truth.size:.2%})"


def _column(result: TuneResult) -> str:
    """Return what takes the positive class out of the probabilities."""
    model = result.best_estimator_
    return f"[:, {model.positive_index}]" if isinstance(model, Ensemble) else ""


def _scores(plain: Baseline, tuned: Judged, of_what: str) -> Table:
    table = _table(f"Scores on the held-out part ({of_what})")
    table.add_column("")
    table.add_column(f"plain {plain.booster}", justify="right")
    table.add_column("tuned", justify="right")
    for field in (each.name for each in fields(tuned.scores)):
        name = _NAMES[field]
        values = [getattr(scores, field) for scores in (plain.judged.scores, tuned.scores)]
        best = (min if field in _LOWER_IS_BETTER else max)(values)
        cells = [Text(f"{value:.4f}", style="bold" if value == best else "") for value in values]
        table.add_row(name + (" (lower is better)" if field in _LOWER_IS_BETTER else ""), *cells)
    return table


def _estimate(settings: Settings, result: TuneResult, tuned: Judged) -> Table:
    """The searched metric from both sides: what the search says of itself, and what the held-out rows say."""
    low, high = result.score_interval_
    table = _table(settings.metric_name.replace("_", " ").capitalize())
    table.box, table.show_header = None, False
    for style in ("", "", "dim"):
        table.add_column("", style=style)
    own = f"95%: {low:.4f} to {high:.4f}, corrected for the search"
    table.add_row("  tuned, out of fold", f"{result.corrected_score_:.4f}", own)
    table.add_row("  tuned, held out", f"{tuned.metric:.4f}", "")
    plain = result.baseline_name_ == "plain booster"
    beside = ("plain", "the search's own start, without any lever") if plain else (result.baseline_name_, "")
    table.add_row(f"  {beside[0]}, out of fold", f"{result.baseline_score_:.4f}", beside[1])
    return table


def _confusion(at: Confusion, task: Task) -> Table:
    table = _table("Decisions on the held-out part")
    table.add_column("")
    table.add_column("flagged", justify="right")
    table.add_column("not flagged", justify="right")
    table.add_column("", style="dim")
    positive = Text(f"positive ({task.target} = {task.pos_label})")
    table.add_row(positive, f"{at.tp:,.0f}", f"{at.fn:,.0f}", f"{at.recall:.1%} found")
    table.add_row("negative", f"{at.fp:,.0f}", f"{at.tn:,.0f}", f"{1 - at.specificity:.2%} false alarms")
    return table


def _mean_costs(settings: Settings, at: Confusion, plain: Baseline) -> str:
    """Return what decisions cost on the held-out part, where costs were given."""
    if settings.costs is None or not isinstance(of_plain := plain.judged.confusion, Confusion):
        return ""
    fp, fn = settings.costs
    own, other = (1000 * (fp * each.fp + fn * each.fn) / (each.tp + each.fp + each.fn + each.tn) for each in (at, of_plain))
    return f" That costs {own:,.1f} per 1,000 cases, and plain {plain.booster} {other:,.1f}."


def _trials(n: int) -> str:
    return f"{n} trial" if n == 1 else f"{n} trials"


def _members(result: TuneResult) -> str:
    members = [member.booster for member in result.best_estimator_.members]
    counts = ", ".join(f"{members.count(name)} of {name}" for name in dict.fromkeys(members))
    return f"{len(members)} models ({counts})" if len(members) > 1 else f"one model of {members[0]}"


def _reason(settings: Settings) -> str:
    if isinstance(settings.goal, float):
        return "as you set it"
    bounds = " and ".join(map(str, parse_constraints(settings.constraints)))
    best = f"the best {settings.goal}" if settings.costs is None else "the lowest mean cost"
    return f"{best} out of fold" + (f" with {bounds}" if bounds else "")
