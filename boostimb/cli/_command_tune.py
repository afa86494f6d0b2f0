"""``boostimb tune``: its options, and the way through a run."""

import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from boostimb.cli._errors import INTERRUPTED, Debug, InputError, reported, say
from boostimb.cli._tables import DecimalMark

if TYPE_CHECKING:
    import pandas as pd

    from boostimb.cli._settings import Settings
    from boostimb.cli._task import Task

EXAMPLES_OF_USE = """[bold]Examples[/bold]

boostimb tune --example digits

boostimb tune fraud.csv --target is_fraud --timeout 300 --out fraud

boostimb tune churn.parquet --target churned --pos-label yes --constraint 'recall>=0.9'

boostimb tune claims.csv --target fraud --groups customer --cost-fn 25 --drop claim_id"""
# Seconds of search where nothing is said; the example should be over soon.
_TIMEOUT, _TIMEOUT_OF_EXAMPLE = 60.0, 30.0


_DATA, _DECISION, _SEARCH, _RESULT = "Table", "Decision", "Search", "Result"


def tune(
    table: Annotated[
        Path | None,
        typer.Argument(metavar="TABLE", help="A .csv, .tsv (also .gz) or .parquet file with a row a case.", show_default=False),
    ] = None,
    target: Annotated[
        str | None,
        typer.Option("--target", "-t", metavar="COLUMN", help="The column to predict.", show_default=False, rich_help_panel=_DATA),
    ] = None,
    pos_label: Annotated[
        str | None,
        typer.Option(
            metavar="LABEL",
            help="The positive class, where the labels are not 0 and 1.",
            show_default=False,
            rich_help_panel=_DATA,
        ),
    ] = None,
    drop: Annotated[
        list[str] | None,
        typer.Option(
            metavar="COLUMN",
            help="A column to leave out, such as an id or a date; may be repeated.",
            show_default=False,
            rich_help_panel=_DATA,
        ),
    ] = None,
    groups: Annotated[
        str | None,
        typer.Option(
            metavar="COLUMN",
            help="Rows of one value, such as a customer, stay together, in the held-out part and in each fold; no feature.",
            show_default=False,
            rich_help_panel=_DATA,
        ),
    ] = None,
    weights: Annotated[
        str | None,
        typer.Option(
            metavar="COLUMN",
            help="How much each row counts in training, not in the scores; no feature.",
            show_default=False,
            rich_help_panel=_DATA,
        ),
    ] = None,
    drop_duplicates: Annotated[
        bool, typer.Option("--drop-duplicates", help="Keep one of each set of equal rows.", rich_help_panel=_DATA)
    ] = False,
    test_size: Annotated[
        float,
        typer.Option(
            metavar="SHARE",
            min=0.0,
            max=1.0,
            help="Share of rows held out for the scores; with --groups about that.",
            rich_help_panel=_DATA,
        ),
    ] = 0.25,
    decimal: DecimalMark = None,
    example: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="Take a table that is there already: digits.", show_default=False, rich_help_panel=_DATA),
    ] = None,
    goal: Annotated[
        str,
        typer.Option(
            metavar="GOAL",
            help="What the threshold is best for: f1, fbeta:2, mcc, balanced_accuracy; recall or precision, where --constraint "
            "bounds the other; or a number, the threshold itself.",
            rich_help_panel=_DECISION,
        ),
    ] = "f1",
    constraint: Annotated[
        list[str] | None,
        typer.Option(
            metavar="'RATE>=BOUND'",
            help="What the threshold must keep, such as 'recall>=0.9' or 'alerts<=50/20000', 50 alerts in 20,000 cases; may be "
            "repeated.",
            show_default=False,
            rich_help_panel=_DECISION,
        ),
    ] = None,
    cost_fp: Annotated[
        float | None,
        typer.Option(
            metavar="COST",
            help="What a false alarm costs: the threshold with the lowest mean cost is taken, and no --goal; 1 with --cost-fn.",
            show_default=False,
            rich_help_panel=_DECISION,
        ),
    ] = None,
    cost_fn: Annotated[
        float | None,
        typer.Option(
            metavar="COST",
            help="What a missed positive costs, in the same unit; 1 with --cost-fp.",
            show_default=False,
            rich_help_panel=_DECISION,
        ),
    ] = None,
    confidence: Annotated[
        float,
        typer.Option(
            metavar="SHARE", help="The chance with which new rows must keep each --constraint.", rich_help_panel=_DECISION
        ),
    ] = 0.9,
    timeout: Annotated[
        float | None,
        typer.Option(
            metavar="SECONDS",
            help="How long; 60 where nothing is said, 30 for the example, and without end with --trials.",
            show_default=False,
            rich_help_panel=_SEARCH,
        ),
    ] = None,
    trials: Annotated[
        int | None,
        typer.Option(
            metavar="N",
            help="How many trials; the same seed then gives the same model.",
            show_default=False,
            rich_help_panel=_SEARCH,
        ),
    ] = None,
    booster: Annotated[
        str,
        typer.Option(metavar="NAMES", help="Of lightgbm, xgboost, catboost, with commas.", rich_help_panel=_SEARCH),
    ] = "auto",
    metric: Annotated[
        str,
        typer.Option(metavar="METRIC", help="What is maximised; also recall_at_precision:0.9 or so.", rich_help_panel=_SEARCH),
    ] = "average_precision",
    resamplers: Annotated[
        str,
        typer.Option(
            metavar="NAMES",
            help="Of none, under, over, smote, ..., with commas; auto: those that suit the table.",
            rich_help_panel=_SEARCH,
        ),
    ] = "auto",
    folds: Annotated[int, typer.Option(metavar="N", help="Folds of the cross-validation.", rich_help_panel=_SEARCH)] = 5,
    seed: Annotated[
        int,
        typer.Option(metavar="N", min=0, max=2**32 - 1, help="Of the split and of the search.", rich_help_panel=_SEARCH),
    ] = 0,
    n_jobs: Annotated[int, typer.Option(metavar="N", help="Cores; -1: all.", rich_help_panel=_SEARCH)] = -1,
    out: Annotated[
        Path, typer.Option("--out", "-o", metavar="DIR", help="The folder for model, plot and figures.", rich_help_panel=_RESULT)
    ] = Path("boostimb-model"),
    levers: Annotated[
        bool,
        typer.Option(
            "--levers", help="Print what each lever of the search bought over the plain booster.", rich_help_panel=_RESULT
        ),
    ] = False,
    debug: Debug = False,
) -> None:
    """Find model and threshold for a table, score them on rows held out, and save them as a folder.

    Ctrl-C ends the search early and keeps the best so far.
    """
    with reported(debug):
        from boostimb.cli._save import check_folder
        from boostimb.cli._settings import Settings, parse_boosters, parse_costs, parse_goal, parse_metric, parse_names
        from boostimb.cli._task import make_task

        if timeout is None and trials is None:
            timeout = _TIMEOUT if example is None else _TIMEOUT_OF_EXAMPLE
        costs = parse_costs(cost_fp, cost_fn)
        wanted, constraints = parse_goal(goal, constraint or (), costs, confidence)
        settings = Settings(
            boosters=parse_boosters(booster),
            metric_name=metric,
            metric=parse_metric(metric),
            goal=wanted,
            constraints=constraints,
            costs=costs,
            confidence=confidence,
            resamplers=parse_names(resamplers),
            timeout=timeout,
            n_trials=trials,
            folds=folds,
            seed=seed,
            n_jobs=n_jobs,
        )
        check_folder(out)
        frame, name, column = _table(table, target, example, decimal)
        task = make_task(
            frame,
            name,
            column,
            pos_label=pos_label,
            drop=drop or (),
            groups=groups,
            weights=weights,
            drop_duplicates=drop_duplicates,
            test_size=test_size,
            seed=seed,
        )
        del frame
        settings.check_classes(task.pos_label is None)
        _search_and_save(task, settings, out, levers, decimal)


def _table(table: Path | None, target: str | None, example: str | None, decimal: str | None) -> "tuple[pd.DataFrame, str, str]":
    """Return the table, what to call it, and its target."""
    from boostimb.cli._example import EXAMPLES, digits
    from boostimb.cli._tables import read_table

    if example is not None:
        if table is not None or target is not None:
            raise InputError("--example brings its own table and target: leave TABLE and --target out")
        if example not in EXAMPLES:
            raise InputError(f"--example must be one of {', '.join(EXAMPLES)}; got {example!r}")
        frame = digits()
        return frame, "Digits (is it an 8?)", str(frame.columns[-1])
    if table is None:
        raise InputError("name a table, or try --example digits")
    frame = read_table(table, decimal)
    if target is None:
        columns = [*map(repr, frame.columns[:12]), *(["..."] if len(frame.columns) > 12 else [])]
        raise InputError(f"name the column to predict with --target; {table.name} has {', '.join(columns)}")
    return frame, table.name, target


def _search_and_save(task: "Task", settings: "Settings", out: Path, levers: bool, decimal: str | None) -> None:
    """Search, score on the held-out part, save and show."""
    from boostimb.cli._report import save_report
    from boostimb.cli._run import baseline, judge_tuned, search
    from boostimb.cli._save import save_figures, save_model, save_plot
    from boostimb.cli._show import show_files, show_levers, show_results, show_task

    show_task(task, settings)
    started = time.monotonic()
    result = search(task, settings)
    seconds = time.monotonic() - started
    save_model(result, out)  # first of all: nothing that comes after can lose it
    try:
        tuned, plain = judge_tuned(result, task, settings), baseline(task, settings)
        plotted = save_plot(task, tuned, out)
        told = save_report(task, result, tuned, plain, out)
        save_figures(task, settings, result, tuned, plain, seconds, out)
    except KeyboardInterrupt:
        say(f"Interrupted: the model is in {out}, without its scores.")
        raise typer.Exit(INTERRUPTED) from None
    show_results(task, settings, result, tuned, plain, seconds)
    if levers:
        show_levers(result)
    show_files(out, result, decimal, plotted=plotted, told=told)
