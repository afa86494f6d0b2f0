"""The plots show the right numbers, on few positives and on many rows, and leave nothing open behind."""

import subprocess
import sys
import time

import numpy as np
import pytest
from sklearn.metrics import (
    average_precision_score,
    balanced_accuracy_score,
    confusion_matrix,
    f1_score,
    precision_score,
    recall_score,
    roc_auc_score,
)

pytest.importorskip("matplotlib")

from matplotlib.figure import Figure

from boostimb.report import overview, plot_class_confusion, plot_confusion, plot_pr, plot_roc, plot_scores, plot_threshold

CURVES = (plot_pr, plot_roc, plot_threshold, plot_scores)
LABELS = {
    plot_pr: ("recall", "precision"),
    plot_roc: ("false alarms: share of negatives flagged", "recall"),
    plot_threshold: ("threshold (log-odds scale)", "rate"),
    plot_scores: ("probability (log-odds scale)", "rows"),
    plot_confusion: ("precision 0.47, recall 0.23, F1 0.31", ""),
}


@pytest.mark.parametrize("plot", [*CURVES, plot_confusion])
def test_it_draws_on_the_axes_given_and_labels_them(plot, scored, ax):
    assert plot(*scored, 0.25, ax=ax) is ax
    assert (ax.get_xlabel(), ax.get_ylabel()) == LABELS[plot]
    assert ax.get_title()


def test_the_area_under_the_steps_is_the_average_precision(scored, ax, line):
    plot_pr(*scored, ax=ax)
    recall, precision = line(ax, "average precision").get_data()
    area = np.sum(np.diff(recall) * precision[1:])  # steps-pre: up to a recall its own precision holds
    expected = average_precision_score(*scored)
    assert area == pytest.approx(expected, rel=1e-12)
    assert line(ax, "average precision").get_label() == f"average precision {expected:.3f}"
    assert line(ax, "average precision").get_drawstyle() == "steps-pre"
    assert line(ax, "guessing").get_ydata()[0] == pytest.approx(0.02)


def test_the_area_under_the_roc_is_its_auc(scored, ax, line):
    plot_roc(*scored, ax=ax)
    drawn = line(ax, "ROC-AUC")
    assert np.trapezoid(drawn.get_ydata(), drawn.get_xdata()) == pytest.approx(roc_auc_score(*scored), rel=1e-12)


def test_the_chosen_cut_is_marked(scored, line):
    y, proba = scored
    decided = proba >= 0.2
    precision, recall = precision_score(y, decided), recall_score(y, decided)
    pr, roc = (line(plot(y, proba, 0.2, ax=Figure().subplots()), "cut 0.2:") for plot in (plot_pr, plot_roc))
    assert pr.get_xydata().tolist() == [[recall, precision]]
    assert roc.get_xydata()[0] == pytest.approx([decided[y == 0].mean(), recall])
    ax = plot_threshold(y, proba, 0.2, ax=Figure().subplots())
    assert line(ax, "cut").get_xdata()[0] == 0.2
    assert line(ax, "F1").get_label() == f"F1 {f1_score(y, decided):.2f}"


@pytest.mark.parametrize("plot", CURVES)
def test_without_a_threshold_nothing_is_marked(plot, scored, ax):
    plot(*scored, ax=ax)
    assert not [each for each in ax.get_lines() if "cut" in each.get_label()]


@pytest.mark.parametrize(("name", "score"), [("precision", precision_score), ("recall", recall_score), ("F1", f1_score)])
def test_the_curves_over_the_threshold_are_scikit_learn_s(name, score, scored, ax, line):
    y, proba = scored
    plot_threshold(y, proba, ax=ax)
    at, values = line(ax, name).get_data()
    assert (np.diff(at) > 0).all()
    for row in range(0, at.size, 100):
        assert values[row] == pytest.approx(score(y, proba >= at[row]))


def test_the_axis_of_thresholds_holds_the_cut_and_has_readable_ticks(sample):
    for threshold in (0.004, 0.5, 0.97):
        ax = plot_threshold(*sample(), threshold, ax=Figure().subplots())
        low, high = ax.get_xlim()
        assert low < threshold < high
        assert 2 <= sum(low <= tick <= high for tick in ax.get_xticks()) <= 8


def test_the_confusion_matrix_has_counts_and_rates(ax):
    y = np.repeat([0, 1], [10_000, 20])
    proba = np.concatenate([np.full(9_997, 0.01), np.full(3, 0.9), np.full(5, 0.01), np.full(15, 0.9)])
    plot_confusion(y, proba, 0.5, ax=ax)
    texts = [text.get_text() for text in ax.texts]
    assert texts == ["15", "found\n75.0%", "5", "missed\n25.0%", "3", "false alarm\n0.030%", "9,997", "left alone\n99.970%"]
    assert [text.get_text() for text in ax.get_yticklabels()] == ["positive\n20", "negative\n10,000"]


def test_the_confusion_of_several_classes_is_scikit_learn_s(ax):
    rng = np.random.default_rng(0)
    labels = np.array(["rare", "common", "other"])
    y, decided = labels[rng.choice(3, 500, p=[0.05, 0.8, 0.15])], labels[rng.choice(3, 500)]
    plot_class_confusion(y, decided, labels.tolist(), ax=ax)
    counts = confusion_matrix(y, decided, labels=labels)
    assert [text.get_text() for text in ax.texts][::2] == [str(count) for count in counts.ravel()]
    assert ax.get_xlabel() == f"mean recall of the classes {balanced_accuracy_score(y, decided):.2f}"
    assert [text.get_text() for text in ax.get_yticklabels()] == [f"{label}\n{(y == label).sum()}" for label in labels]


def test_low_cells_hold_the_count_alone_and_short_classes_are_all_named():
    y = np.arange(900) % 9
    figure = Figure(figsize=(4, 3), layout="constrained")
    ax = plot_class_confusion(y, y, ax=figure.subplots())
    assert [text.get_text() for text in ax.texts] == [str(each) for each in (100 * np.eye(9, dtype=int)).ravel()]
    assert [text.get_text() for text in ax.get_yticklabels()] == [f"{at}: 100" for at in range(9)]
    assert [text.get_text() for text in ax.get_xticklabels()] == [str(at) for at in range(9)]


@pytest.mark.parametrize(
    ("given", "text"),
    [
        (([], []), "y_true must hold at least one row, got none"),
        (([0, 1], [0]), "y_pred has length 1 and y_true has length 2"),
        (([0, 1], [0, 2], [0, 1]), r"y_pred must hold labels of classes only, \[0, 1\], got 2"),
    ],
)
def test_decisions_that_do_not_fit_are_refused(given, text):
    with pytest.raises(ValueError, match=text):
        plot_class_confusion(*given)


@pytest.mark.parametrize(("n_pos", "share"), [(2, "0.67%"), (30, "10.0%")])
def test_few_positives(n_pos, share, sample):
    figure = overview(*sample(n=300, n_pos=n_pos), 0.3, "few")
    assert figure.get_suptitle() == f"few\n300 rows, {n_pos} positives ({share})"


@pytest.mark.parametrize(
    ("y", "proba", "threshold"),
    [
        ([0, 1, 0, 1], [0.3, 0.3, 0.3, 0.3], 0.3),  # one cut only
        ([0, 1, 0, 1], [0.0, 1.0, 0.0, 1.0], 0.5),  # no log-odds
        ([0, 1, 0, 1], [0.1, 0.2, 0.3, 0.4], 1.5),  # nobody flagged
        ([1, 1, 1, 0], [0.1, 0.2, 0.3, 0.4], 0.0),  # everybody flagged
        (np.array([False, True]), np.array([0.25, 0.75], dtype=np.float32), 0.5),
    ],
)
def test_scores_at_the_edge_are_drawn_without_a_warning(y, proba, threshold, tmp_path):
    overview(y, proba, threshold).savefig(tmp_path / "edge.png")


def test_a_million_rows_make_a_thin_and_true_curve(line, sample):
    y, proba = sample(n=1_000_000, n_pos=5_000)
    started = time.process_time()
    figure = overview(y, proba, 0.2)
    seconds = time.process_time() - started
    lines = [each for ax in figure.axes[:3] for each in ax.get_lines()]
    assert max(len(each.get_xdata()) for each in lines) <= 3_000
    recall, precision = line(figure.axes[0], "average precision").get_data()
    assert np.sum(np.diff(recall) * precision[1:]) == pytest.approx(average_precision_score(y, proba), abs=2e-3)
    drawn = line(figure.axes[1], "ROC-AUC")
    assert np.trapezoid(drawn.get_ydata(), drawn.get_xdata()) == pytest.approx(roc_auc_score(y, proba), abs=1e-3)
    assert seconds < 20  # of computing; about one is usual, and most of it is the sort


def test_the_overview_is_written_without_a_display_or_an_open_figure(tmp_path):
    code = f"""
import sys
from boostimb.report import overview
overview([0, 0, 1, 0, 1], [0.1, 0.3, 0.4, 0.6, 0.9], 0.35, "t").savefig({str(tmp_path / "r.png")!r})
assert "matplotlib.pyplot" not in sys.modules
"""
    subprocess.run([sys.executable, "-W", "error", "-c", code], check=True, env={"PATH": ""})
    assert (tmp_path / "r.png").read_bytes().startswith(b"\x89PNG")


def test_axes_of_its_own_come_from_pyplot_so_that_a_notebook_shows_them(scored):
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib import pyplot

    ax = plot_pr(*scored)
    assert pyplot.fignum_exists(ax.figure.number)
    pyplot.close(ax.figure)


@pytest.mark.parametrize("plot", CURVES)
@pytest.mark.parametrize(
    ("y", "proba", "text"),
    [
        ([0, 0, 0], [0.1, 0.2, 0.3], "must hold both classes to draw a curve, got 0 positives among 3 samples"),
        ([0, 1], [0.1, 1.2], r"proba must lie in \[0, 1\], got 1.2"),
        ([0, 1], [-0.5, 0.2], r"proba must lie in \[0, 1\], got -0.5"),
        ([0, 1], [0.1, np.nan], "proba must be finite, got nan"),
        ([0, 1, 1], [0.1, 0.2], "proba has length 2 and y_true has length 3"),
        (["no", "yes"], [0.1, 0.2], "compare them first, as in y_true == 'yes'"),
        ([0, 2], [0.1, 0.2], "must hold the labels 0 and 1 only, got 2"),
    ],
)
def test_bad_input_is_refused_by_rule_and_value(plot, y, proba, text):
    with pytest.raises(ValueError, match=text):
        plot(y, proba, 0.5)


@pytest.mark.parametrize("draw", [*CURVES, plot_confusion, overview])
def test_without_matplotlib_the_extra_is_named(draw, monkeypatch):
    monkeypatch.setattr("boostimb.report._axes.find_spec", lambda name: None)
    with pytest.raises(ImportError, match=r"pip install 'boostimb\[plots\]'"):
        draw([0, 1], [0.1, 0.9], 0.5)
