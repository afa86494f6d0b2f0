"""The arithmetic of the report on results that were made up, so that each figure can be had by hand."""

import json

import pytest
import tune_report as tr

METRICS = ("average_precision", "f1", "mcc", "roc_auc", "brier", "log_loss")


def row(table, seed, contender, value, *, claimed=None, interval=None, test_error=0.01, timeout=60.0):
    """An outcome whose metrics are all one value; None is a failure."""
    common = {"table": table, "seed": seed, "contender": contender, "timeout": timeout, "process_seconds": 9.0}
    common |= {"date": "2026-11-24", "machine": "a processor"}
    if value is None:
        return {**common, "error": "ValueError: no|good"}
    measured = {"claimed": claimed, "interval": interval, "test_error": test_error, "seconds": 7.0, "peak_mib": 100.0}
    return {**common, "error": None, "versions": {"Python": "3"}, **measured, **dict.fromkeys(METRICS, value)}


@pytest.fixture
def rows():
    return [
        row("a", 0, "boostimb", 0.6, claimed=0.65, interval=[0.55, 0.75]),
        row("a", 1, "boostimb", 0.8, claimed=0.70, interval=[0.66, 0.74]),
        row("b", 0, "boostimb", 0.3, claimed=0.10, interval=[0.05, 0.15]),
        row("b", 1, "boostimb", 0.3, claimed=0.30, interval=[0.20, 0.40]),
        row("a", 0, "flaml", 0.5, claimed=0.9),
        row("a", 1, "flaml", 0.7, claimed=0.6),
        row("b", 0, "flaml", 0.4, claimed=0.4),
        row("b", 1, "flaml", None),
        row("a", 0, "xgboost", 0.5),
        row("a", 1, "xgboost", 0.9),
        row("b", 0, "xgboost", 0.2),
        row("b", 1, "xgboost", 0.1),
    ]


@pytest.fixture
def data(rows):
    return tr.frame(rows)[0]


def line(text, *starts):
    """The cells of the first line of a markdown table that begins with these."""
    found = next(each for each in text.splitlines() if each.startswith("| " + " | ".join(starts) + " |"))
    return [cell.strip() for cell in found.strip("|").split("|")]


def test_a_mean_is_over_seeds_then_tables(data):
    means = tr.over_tables(tr.by_cell(data, "average_precision")).mean()
    assert means["boostimb"] == pytest.approx((0.7 + 0.3) / 2)
    assert means["flaml"] == pytest.approx((0.6 + 0.4) / 2)  # of what it finished


def test_ranks_share_ties_and_put_a_failure_last(data):
    # cells a0: 1, 2.5, 2.5; a1: 2, 3, 1; b0: 2, 1, 3; b1: 1, 3 (failed), 2
    found = tr.ranks(data, "average_precision")
    assert found.to_dict() == pytest.approx({"boostimb": 1.5, "flaml": 9.5 / 4, "xgboost": 8.5 / 4})


def test_less_is_better_for_losses(data):
    # a0: 3, 1.5, 1.5; a1: 2, 1, 3; b0: 2, 3, 1; b1: 2, 3 (failed), 1
    found = tr.ranks(data, "brier")
    assert found.to_dict() == pytest.approx({"boostimb": 9 / 4, "flaml": 8.5 / 4, "xgboost": 6.5 / 4})


def test_a_difference_has_tables_as_its_unit(data):
    found = tr.against(data, "xgboost")
    assert found["mean"] == pytest.approx((0.0 + 0.15) / 2)
    assert found["error"] == pytest.approx(0.075)  # two values 0.15 apart
    assert (found["tables_won"], found["cells_won"], found["cells_lost"]) == (1, 3, 1)


def test_a_failure_is_lost_and_has_no_difference(data):
    found = tr.against(data, "flaml")
    assert found["mean"] == pytest.approx((0.1 - 0.1) / 2)
    assert (found["tables_won"], found["tables_lost"]) == (1, 1)
    assert (found["cells_won"], found["cells_lost"]) == (3, 1)


def test_claims(data):
    found = tr.claims(data)
    assert list(found.index) == ["boostimb", "flaml"]  # xgboost claims nothing
    assert found.loc["boostimb"].to_dict() == pytest.approx({"mean": (0.05 - 0.1 - 0.2) / 4, "size": 0.35 / 4, "worst": -0.2})
    assert found.loc["flaml"].to_dict() == pytest.approx({"mean": 0.3 / 3, "size": 0.5 / 3, "worst": 0.4})


def test_intervals_that_hold_the_test_score(rows):
    # a0 and b1 hold it. a1 misses by 0.06 and b0 by 0.15: the first is within both errors once the test's own is 0.05.
    for each in rows:
        each["test_error"] = 0.05
    inside, both, n = tr.coverage(tr.frame(rows)[0])
    assert (inside, both, n) == (0.5, 0.75, 4)


def test_cells_that_some_have_not_run_are_left_out(rows):
    data, left_out = tr.frame([*rows, row("c", 0, "boostimb", 0.9)])
    assert left_out == 1
    assert set(data["table"]) == {"a", "b"}


def test_results_of_two_timeouts_are_refused(rows):
    with pytest.raises(ValueError, match="must be of one timeout, got 20, 60"):
        tr.frame([*rows, row("c", 0, "boostimb", 0.9, timeout=20.0)])


def test_an_outcome_that_is_there_twice_is_refused(rows):
    with pytest.raises(ValueError, match="flaml on b, seed 1, is there twice"):
        tr.frame([*rows, row("b", 1, "flaml", 0.4)])


def test_the_report(rows, tmp_path):
    path = tmp_path / "results.jsonl"
    path.write_text("".join(json.dumps(each) + "\n" for each in rows), encoding="utf-8")
    text = tr.report(tr.read([path]))
    assert "2 tables, 4 cells (table and seed), timeout 60 s, 2026-11-24. a processor." in text
    assert line(text, "boostimb")[1] == "0.5000 (1.50)"
    assert line(text, "xgboost", "+0.0750 +- 0.0750")[2:] == ["1 / 0", "3 / 1"]
    assert line(text, "a")[1:] == ["0.7000", "0.6000", "0.7000"]
    assert "50% of boostimb's 4 intervals" in text
    assert "| b | 1 | flaml | ValueError: no\\|good |" in text


def test_a_report_without_boostimb_or_failures(rows):
    text = tr.report([each for each in rows if each["contender"] == "xgboost"])
    assert "less that of each" not in text
    assert "intervals" not in text
    assert "Failures" not in text
    assert line(text, "a")[1:] == ["0.7000"]


def test_nothing_to_report_yet(rows):
    assert tr.report([rows[0], rows[5]]) == "no table and seed has been run by all contenders yet"
