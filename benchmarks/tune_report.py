"""From the rows that benchmarks/tune.py wrote to the tables that it prints."""

import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

# What a row is the outcome of.
KEY = ("table", "seed", "contender", "timeout")
CELL = ["table", "seed"]
US = "boostimb"
# Each metric, and whether more is better.
METRICS = {"average_precision": True, "f1": True, "mcc": True, "roc_auc": True, "brier": False, "log_loss": False}
SHOWN = ("average precision", "F1", "MCC", "ROC-AUC", "Brier", "log-loss")
NORMAL_95 = 1.96


def read(paths: Iterable[Path]) -> list[dict[str, Any]]:
    """The rows of several files."""
    return [json.loads(line) for path in paths for line in path.read_text(encoding="utf-8").splitlines()]


def frame(rows: Sequence[dict[str, Any]]) -> tuple[pd.DataFrame, int]:
    """The rows of the cells (table and seed) that every contender has run, and the number of the other cells.

    Columns that only failed rows lack are there, without a value.
    """
    columns = (*KEY, *METRICS, "error", "claimed", "interval", "test_error", "seconds", "process_seconds", "peak_mib")
    data = pd.DataFrame(rows).reindex(columns=columns)
    timeouts = sorted(data["timeout"].unique())
    if len(timeouts) != 1:
        raise ValueError(f"results must be of one timeout, got {', '.join(f'{each:g}' for each in timeouts)}")
    twice = data[data.duplicated([*KEY])]
    if len(twice):
        table, seed, contender = twice.iloc[0][["table", "seed", "contender"]]
        raise ValueError(f"results must hold each outcome once, and {contender} on {table}, seed {seed}, is there twice")
    complete = data.groupby(CELL)["contender"].transform("size") == data["contender"].nunique()
    left_out = data.loc[~complete, CELL].drop_duplicates()
    numbers = [name for name in columns if name not in ("table", "contender", "error", "interval")]
    return data[complete].astype(dict.fromkeys(numbers, float)), len(left_out)


def by_cell(data: pd.DataFrame, metric: str) -> pd.DataFrame:
    """One row a cell, one column a contender; NaN where it failed."""
    return data.pivot(index=CELL, columns="contender", values=metric)


def over_tables(values: pd.DataFrame) -> pd.DataFrame:
    """Mean over the seeds of each table."""
    return values.groupby("table", sort=False).mean()


def ranks(data: pd.DataFrame, metric: str) -> pd.Series:
    """Mean rank of each contender over the cells: 1 is best, ties share their mean, a failure is worst of all."""
    values = by_cell(data, metric) * (-1 if METRICS[metric] else 1)
    return values.fillna(np.inf).rank(axis=1).mean()


def against(data: pd.DataFrame, other: str) -> dict[str, float]:
    """Average precision of boostimb less that of another: the mean over tables, its standard error, tables and cells won and lost.

    A cell in which one of them failed has no difference, and is lost by the one that failed.
    """
    values = by_cell(data, "average_precision")
    difference = values[US] - values[other]
    by_table = difference.groupby("table").mean().dropna()
    sign = difference.fillna(values[US].notna().astype(float) - values[other].notna().astype(float))
    return {
        "mean": by_table.mean(),
        "error": by_table.std(ddof=1) / np.sqrt(len(by_table)),
        "tables_won": (by_table > 0).sum(),
        "tables_lost": (by_table < 0).sum(),
        "cells_won": (sign > 0).sum(),
        "cells_lost": (sign < 0).sum(),
    }


def claims(data: pd.DataFrame) -> pd.DataFrame:
    """Claimed less true average precision of those that claim one: mean, mean size, and the largest by size."""
    gap = (data["claimed"] - data["average_precision"]).rename("gap")
    found = data[["contender"]].join(gap).dropna()
    worst = found.loc[found["gap"].abs().groupby(found["contender"]).idxmax()].set_index("contender")["gap"]
    grouped = found.groupby("contender")["gap"]
    return pd.DataFrame({"mean": grouped.mean(), "size": grouped.agg(lambda each: each.abs().mean()), "worst": worst})


def coverage(data: pd.DataFrame) -> tuple[float, float, int]:
    """Share of boostimb's intervals that hold the test score; the same with the test's own error added; their number."""
    ours = data[(data["contender"] == US) & data["interval"].notna()]
    low, high = np.array(ours["interval"].tolist(), dtype=float).reshape(-1, 2).T
    true, claimed, noise = (ours[name].to_numpy() for name in ("average_precision", "claimed", "test_error"))
    inside = (low <= true) & (true <= high)
    # each side as wide as the two errors together, were both normal
    below, above = (np.hypot(width, NORMAL_95 * noise) for width in (claimed - low, high - claimed))
    both = (claimed - below <= true) & (true <= claimed + above)
    return float(inside.mean()), float(both.mean()), len(ours)


def markdown(head: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(str(cell) for cell in line) + " |" for line in lines)


def software(rows: Sequence[dict[str, Any]]) -> str:
    """Versions of each contender, those with the same ones together."""
    users: dict[str, list[str]] = {}
    for row in rows:
        if row["error"] is None:
            text = ", ".join(f"{name} {number}" for name, number in row["versions"].items())
            names = users.setdefault(text, [])
            if row["contender"] not in names:
                names.append(row["contender"])
    return "\n".join(f"- {', '.join(names)}: {text}" for text, names in users.items())


def quality(data: pd.DataFrame, contenders: Sequence[str]) -> str:
    means = {metric: over_tables(by_cell(data, metric)).mean() for metric in METRICS}
    places = {metric: ranks(data, metric) for metric in METRICS}
    failed = data.groupby("contender")["error"].count()
    return markdown(
        ["contender", *SHOWN, "failed"],
        (
            [name, *(f"{means[metric][name]:.4f} ({places[metric][name]:.2f})" for metric in METRICS), failed[name]]
            for name in contenders
        ),
    )


def differences(data: pd.DataFrame, contenders: Sequence[str]) -> str:
    found = {name: against(data, name) for name in contenders if name != US}
    return markdown(
        ["contender", "difference", "tables won / lost", "cells won / lost"],
        (
            [
                name,
                f"{each['mean']:+.4f} +- {each['error']:.4f}",
                f"{each['tables_won']} / {each['tables_lost']}",
                f"{each['cells_won']} / {each['cells_lost']}",
            ]
            for name, each in found.items()
        ),
    )


def honesty(data: pd.DataFrame, contenders: Sequence[str]) -> str:
    gaps = claims(data)
    return markdown(
        ["contender", "mean", "mean size", "worst"],
        (
            [name, f"{gaps.loc[name, 'mean']:+.4f}", f"{gaps.loc[name, 'size']:.4f}", f"{gaps.loc[name, 'worst']:+.4f}"]
            for name in contenders
            if name in gaps.index
        ),
    )


def intervals(data: pd.DataFrame) -> str:
    inside, both, n = coverage(data)
    return (
        f"{inside:.0%} of boostimb's {n} intervals (95%) hold the score on the test rows. That score has noise of its own, which "
        "the interval is not meant to hold: with the standard error of the test score (bootstrap) added to the interval's, "
        f"{both:.0%} do."
    )


def costs(data: pd.DataFrame, contenders: Sequence[str]) -> str:
    groups = data.groupby("contender")
    seconds = groups["seconds"].agg(["median", "max"])
    whole, memory = groups["process_seconds"].median(), groups["peak_mib"].max()
    return markdown(
        ["contender", "median, s", "max, s", "whole process, median, s", "peak memory, max, MiB"],
        (
            [name, *(f"{seconds.loc[name, key]:.1f}" for key in ("median", "max")), f"{whole[name]:.1f}", f"{memory[name]:.0f}"]
            for name in contenders
        ),
    )


def tables(data: pd.DataFrame, contenders: Sequence[str]) -> str:
    values = over_tables(by_cell(data, "average_precision"))
    rows = ([name, *(f"{value:.4f}" for value in row)] for name, row in values[list(contenders)].iterrows())
    return markdown(["table", *contenders], rows)


def failures(data: pd.DataFrame) -> str:
    failed = data[data["error"].notna()]
    return markdown(
        ["table", "seed", "contender", "error"],
        ([row.table, f"{row.seed:.0f}", row.contender, row.error.replace("|", "\\|")] for row in failed.itertuples()),
    )


def report(rows: Sequence[dict[str, Any]]) -> str:
    """All tables as markdown."""
    data, left_out = frame(rows)
    if data.empty:
        return "no table and seed has been run by all contenders yet"
    contenders = list(dict.fromkeys(row["contender"] for row in rows))
    days = sorted({row["date"] for row in rows})
    parts = [
        f"{data['table'].nunique()} tables, {len(data[CELL].drop_duplicates())} cells (table and seed), timeout "
        f"{data['timeout'].iloc[0]:g} s, {' to '.join(dict.fromkeys((days[0], days[-1])))}. "
        f"{'; '.join(sorted({row['machine'] for row in rows}))}.",
        software(rows),
    ]
    if left_out:
        parts.append(f"{left_out} cells that not all contenders have run are left out.")
    parts += [
        "**Mean over seeds, then tables, and in brackets the mean rank over cells; a failed cell is in no mean and ranks last**",
        quality(data, contenders),
    ]
    if US in contenders:
        parts += [
            "**Average precision of boostimb less that of each: mean over tables +- its standard error**",
            differences(data, contenders),
        ]
    parts += ["**Claimed less true average precision, over cells**", honesty(data, contenders)]
    if data.loc[data["contender"] == US, "interval"].notna().any():
        parts.append(intervals(data))
    parts += [
        "**Seconds of the call that trains, of the whole process with imports and prediction, and memory**",
        costs(data, contenders),
        "**Average precision by table, mean over seeds**",
        tables(data, contenders),
    ]
    if data["error"].notna().any():
        parts += ["**Failures**", failures(data)]
    return "\n\n".join(parts)
