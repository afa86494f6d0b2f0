"""What a run prints."""

import shlex
from pathlib import Path

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from boostimb.cli._report import REPORT
from boostimb.cli._run import Baseline, Judged
from boostimb.cli._save import FIGURES, MODEL, PLOT
from boostimb.cli._settings import Settings
from boostimb.cli._task import Task
from boostimb.decision import parse_constraints
from boostimb.report import in_plain_words
from boostimb.search import TuneResult

_NAMES = {
    "average_precision": "average precision",
    "roc_auc": "ROC-AUC",
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
    n, pos = task.positive.size, int(task.positive.sum())
    held, held_pos = task.test.size, int(task.positive[task.test].sum())
    what = f"{n:,} rows, {task.X.shape[1]} features, {pos:,} positives ({task.target} = {task.pos_label}, {pos / n:.2%})"
    out.print(Text.assemble((task.name, "bold"), f": {what}"))
    out.print(f"Held out and never searched on: {held:,} rows, {held_pos:,} of them positive")
    budget = [_trials(settings.n_trials)] if settings.n_trials is not None else []
    budget += [f"{settings.timeout:g} s"] if settings.timeout is not None else []
    out.print(f"Searching for {' or '.join(budget)} ...\n")


def show_results(task: Task, settings: Settings, result: TuneResult, tuned: Judged, plain: Baseline, seconds: float) -> None:
    """Print scores, estimate, decision and confusion matrix."""
    out = console()
    out.print(_scores(plain, tuned, int(tuned.confusion.tp + tuned.confusion.fn)))
    trials = int(result.cv_results_["trial"].size)
    out.print(f"{plain.description[0].upper()}{plain.description[1:]}.")
    out.print(f"Tuned: {_members(result)}, after {_trials(trials)} in {seconds:.0f} s.\n")

    out.print(_estimate(settings, result, tuned))
    out.print(Text.assemble(("\nDecision", "bold"), f": positive from probability {result.threshold_:.4g} on, {_reason(settings)}"))
    out.print(f"{in_plain_words(tuned.confusion)}\n")
    out.print(_confusion(tuned, task))


def show_levers(result: TuneResult) -> None:
    """Print what each lever bought."""
    console().print(Text(f"\nWhat each lever bought, out of fold\n{result.lever_report()}"), soft_wrap=True)


def show_files(folder: Path, model: TuneResult, *, plotted: bool, told: bool) -> None:
    """Say what was saved and how to use it."""
    out = console()
    lines = [(folder / MODEL, "the model"), (folder / FIGURES, "all figures of this run")]
    if plotted:
        lines.insert(1, (folder / PLOT, "its curves on the held-out part"))
    if told:
        lines.insert(1, (folder / REPORT, "all of it as a page, with a threshold to move"))
    out.print("\n[bold]Saved[/bold]")
    width = max(len(str(path)) for path, _ in lines)
    for path, what in lines:
        out.print(Text(f"  {path!s:<{width}}  {what}"), soft_wrap=True)
    if not told:
        out.print(Text("No page was written: it needs Jinja, pip install 'boostimb[report]'"), soft_wrap=True)
    if not plotted:
        out.print(Text("No plot was drawn: it needs Matplotlib, pip install 'boostimb[plots]'"), soft_wrap=True)
    code = (
        "import boostimb as bi",
        f"model = bi.load({str(folder)!r})",
        f"model.predict_proba(X)[:, {model.best_estimator_.positive_index}], model.predict(X)",
    )
    command = f"boostimb predict {shlex.quote(str(folder))} NEW.csv --out decisions.csv"
    out.print(Text.assemble(("\nUse it", "bold"), f" by {command}\nor in Python:"), soft_wrap=True)
    for line in code:
        out.print(Text(f"  {line}"), soft_wrap=True)


def _table(title: str) -> Table:
    return Table(title=title, title_justify="left", title_style="bold", box=box.SIMPLE_HEAD)


def _scores(plain: Baseline, tuned: Judged, positives: int) -> Table:
    table = _table(f"Scores on the held-out part ({positives:,} positives)")
    table.add_column("")
    table.add_column(f"plain {plain.booster}", justify="right")
    table.add_column("tuned", justify="right")
    for field, name in _NAMES.items():
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
    table.add_row("  plain, out of fold", f"{result.baseline_score_:.4f}", "the search's own start, without any lever")
    return table


def _confusion(tuned: Judged, task: Task) -> Table:
    at = tuned.confusion
    table = _table("Decisions on the held-out part")
    table.add_column("")
    table.add_column("flagged", justify="right")
    table.add_column("not flagged", justify="right")
    table.add_column("", style="dim")
    positive = Text(f"positive ({task.target} = {task.pos_label})")
    table.add_row(positive, f"{at.tp:,.0f}", f"{at.fn:,.0f}", f"{at.recall:.1%} found")
    table.add_row("negative", f"{at.fp:,.0f}", f"{at.tn:,.0f}", f"{1 - at.specificity:.2%} false alarms")
    return table


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
    return f"the best {settings.goal} out of fold" + (f" with {bounds}" if bounds else "")
