"""Intervals, the plateau of a threshold, calibration bins, histograms and costs: the numbers behind the curves."""

from itertools import pairwise

import numpy as np
import pytest
from scipy.stats import beta
from sklearn.metrics import f1_score

pytest.importorskip("matplotlib")

from matplotlib.figure import Figure

from boostimb.metrics import threshold_sweep
from boostimb.report import plot_calibration, plot_cost, plot_pr, plot_roc, plot_scores, plot_threshold
from boostimb.report._calibration import bins_of
from boostimb.report._interval import rate_interval
from boostimb.report._over_thresholds import short
from boostimb.report._plateau import errors_of_difference, influence_on_cost, influence_on_f1, plateau
from boostimb.report._scored import Scored

COSTS = [[0.0, 1.0], [25.0, 0.0]]
EVERY = (
    plot_pr,
    plot_roc,
    plot_threshold,
    plot_scores,
    lambda y, proba, threshold, ax: plot_calibration(y, proba, ax=ax),
    lambda y, proba, threshold, ax: plot_cost(y, proba, COSTS, threshold, ax=ax),
)


def band(ax):
    (found,) = ax.collections
    return found.get_paths()[0].vertices


def test_an_interval_is_jeffreys_and_reaches_the_end_where_all_or_none_are_hits():
    low, high = rate_interval([0, 3, 10], [10, 7, 0])
    assert low[0] == 0
    assert high[2] == 1
    assert (low[1], high[1]) == pytest.approx(beta(3.5, 7.5).interval(0.95))


def test_an_interval_holds_the_true_rate_as_often_as_it_says():
    hits = np.random.default_rng(0).binomial(40, 0.2, size=4000)
    low, high = rate_interval(hits, 40 - hits)
    assert np.mean((low <= 0.2) & (high >= 0.2)) == pytest.approx(0.95, abs=0.02)


@pytest.mark.parametrize("plot", [plot_pr, plot_roc])
def test_the_band_is_the_interval_of_each_cut(plot, scored, ax):
    plot(*scored, ax=ax)
    sweep = threshold_sweep(*scored)
    cuts = sweep.take(np.flatnonzero(np.diff(sweep.tp)) + 1)  # where the recall rises
    x, misses = (cuts.recall, cuts.fp) if plot is plot_pr else (1 - cuts.specificity, cuts.n_pos - cuts.tp)
    drawn = {tuple(vertex) for vertex in band(ax).round(9)}
    for end in rate_interval(cuts.tp, misses):
        assert {tuple(vertex) for vertex in np.column_stack([x, end]).round(9)} <= drawn


@pytest.mark.parametrize("measure", ["f1", "cost"])
def test_the_error_of_a_difference_is_that_of_the_bootstrap(measure, sample):
    y, proba = sample(n=3000, n_pos=200)
    sweep, rng = threshold_sweep(y, proba), np.random.default_rng(1)

    def values(at):
        return at.f_score() if measure == "f1" else at.mean_cost(0, 1, 25, 0)

    influence = influence_on_f1(sweep) if measure == "f1" else influence_on_cost(sweep, 0, 1, 25, 0)
    best, cuts = 150, [40, 100, 145, 200, 600]
    drawn = []
    for _ in range(400):
        weight = np.bincount(rng.integers(y.size, size=y.size), minlength=y.size)
        again = [values(threshold_sweep(y[weight > 0], proba[weight > 0], weight[weight > 0]))]
        kept = threshold_sweep(y[weight > 0], proba[weight > 0])
        at = [np.searchsorted(-kept.values, -sweep.values[cut], side="right") - 1 for cut in [best, *cuts]]
        drawn.append(again[0][at[1:]] - again[0][at[0]])
    assert errors_of_difference(sweep, influence, best)[cuts] == pytest.approx(np.std(drawn, axis=0), rel=0.15)
    assert errors_of_difference(sweep, influence, best)[best] == 0


def test_the_plateau_holds_the_best_cut_and_shrinks_with_more_rows(sample):
    spans = []
    for n_pos in (30, 3000):
        y, proba = sample(n=20 * n_pos, n_pos=n_pos)
        scored = Scored.of(y, proba)
        flat = scored.f1_plateau()
        assert flat.low <= flat.at <= flat.high
        assert flat.best == pytest.approx(f1_score(y, proba >= flat.at))
        spans.append(np.log(flat.high / flat.low))
    assert spans[1] < 0.5 * spans[0]


def test_a_plateau_of_perfect_scores_is_the_gap_between_the_classes():
    sweep = threshold_sweep([0, 0, 0, 1, 1], [0.1, 0.2, 0.3, 0.8, 0.9])
    flat = plateau(sweep, sweep.f_score(), influence_on_f1(sweep))
    assert flat.low <= 0.3
    assert flat.high >= 0.8
    assert (0.3 < flat.at <= 0.8, flat.best) == (True, 1.0)


def test_the_shaded_thresholds_are_the_plateau(scored, ax):
    flat = Scored.of(*scored).f1_plateau()
    plot_threshold(*scored, ax=ax)
    (span,) = [patch for patch in ax.patches if patch.get_label().startswith("F1 as good")]
    assert (span.get_x(), span.get_x() + span.get_width()) == pytest.approx((flat.low, flat.high))


def test_one_cut_is_a_line_up_to_it(ax, line):
    plot_threshold([0, 1, 0, 0], [0.25] * 4, 0.3, ax=ax)
    assert line(ax, "recall").get_ydata().tolist() == [1, 1]
    assert line(ax, "recall").get_xdata().tolist() == [ax.get_xlim()[0], 0.25]
    assert "F1 as good as its best: 0.25 to 0.25" in [patch.get_label() for patch in ax.patches]


@pytest.mark.parametrize(("threshold", "text"), [(3.3e-9, "3.3e-09"), (0.0123, "0.012"), (0.99874, "0.9987")])
def test_a_threshold_is_written_shortly(threshold, text):
    assert short(threshold) == text


def test_costs_are_those_of_the_decisions(scored, ax, line):
    y, proba = scored
    plot_cost(y, proba, COSTS, 0.2, ax=ax)
    at, costs = line(ax, "least").get_data()
    for row in range(0, at.size, 150):
        alert = proba >= at[row]
        assert costs[row] == pytest.approx(1000 * np.mean(np.where(y == 1, 25.0 * ~alert, 1.0 * alert)))
    assert line(ax, "flagging nobody").get_ydata()[0] == pytest.approx(1000 * 25 * 30 / 1500)
    assert line(ax, "flagging everybody").get_ydata()[0] == pytest.approx(1000 * 1470 / 1500)
    alert = proba >= 0.2
    assert line(ax, "cut 0.2").get_ydata()[0] == pytest.approx(1000 * np.mean(np.where(y == 1, 25.0 * ~alert, 1.0 * alert)))


def test_the_axis_of_costs_shows_the_least_and_the_better_of_nobody_and_everybody(sample):
    for costs in (COSTS, [[0, 1], [1000, 0]], [[0, 1], [1, 0]], [[-1, 1], [5, -20]]):
        ax = plot_cost(*sample(), costs, ax=Figure().subplots())
        low, high = ax.get_ylim()
        sweep = threshold_sweep(*sample())
        values = 1000 * sweep.mean_cost(*np.ravel(costs))
        assert low <= values.min() <= min(values[0], values[-1]) <= high


def test_costs_of_another_shape_are_refused(scored):
    with pytest.raises(ValueError, match=r"cost_matrix must be .* got shape \(2,\)"):
        plot_cost(*scored, [1, 2])


def test_calibration_bins_hold_all_rows_and_about_as_many_expected_positives(sample):
    y, proba = sample(n=60_000, n_pos=1200)
    bins = bins_of(Scored.of(y, proba), None)
    assert bins.n.size == 10
    assert (bins.n.sum(), bins.hits.sum()) == (60_000, 1200)
    assert bins.expected.sum() == pytest.approx(proba.sum())
    assert bins.expected == pytest.approx(proba.sum() / 10, rel=0.02)
    low, high = rate_interval(bins.hits, bins.n - bins.hits)
    said = bins.expected / bins.n
    assert np.mean((low <= said) & (said <= high)) >= 0.8  # the probabilities are the true ones


def test_a_bin_never_splits_ties_and_few_positives_get_few_bins(sample):
    y = np.repeat([0, 1, 0, 1], [90, 10, 60, 40])
    bins = bins_of(Scored.of(y, np.repeat([0.1, 0.4], 100)), 10)
    assert (bins.n.tolist(), bins.hits.tolist()) == ([100, 100], [40, 10])
    assert bins_of(Scored.of(*sample(n_pos=30)), None).n.size <= 7
    assert bins_of(Scored.of(*sample(n_pos=2)), None).n.size <= 3


def test_calibration_is_drawn_as_counted(ax, line):
    y = np.repeat([0, 1, 0, 1], [90, 10, 60, 40])
    plot_calibration(y, np.repeat([0.1, 0.4], 100), scale="linear", ax=ax)
    assert line(ax, "50.0 positives expected, 50 seen").get_xydata() == pytest.approx(np.array([[0.4, 0.4], [0.1, 0.1]]))
    bars = [segment for each in ax.collections for segment in each.get_segments()]
    assert bars[1][:, 1] == pytest.approx(beta(10.5, 90.5).interval(0.95))


def test_a_bin_of_one_class_is_marked_at_the_edge(ax, line):
    y, proba = np.repeat([0, 1], [50, 10]), np.repeat([0.01, 0.95], [50, 10])
    plot_calibration(y, proba, n_bins=2, ax=ax)
    low, high = ax.get_ylim()
    assert line(ax, "bin of one class only").get_ydata() == pytest.approx([high, low])


@pytest.mark.parametrize(
    ("options", "error", "text"),
    [
        ({"n_bins": 0}, ValueError, "n_bins must be an integer >= 1, got 0"),
        ({"n_bins": 2.5}, TypeError, "n_bins must be an integer >= 1, got 2.5"),
        ({"scale": "log"}, ValueError, "scale must be one of logit, linear; got 'log'"),
    ],
)
def test_wrong_options_of_a_calibration_are_refused(options, error, text, scored):
    with pytest.raises(error, match=text):
        plot_calibration(*scored, **options)


def test_histograms_hold_every_row(scored, ax):
    y, _ = scored
    plot_scores(*scored, 0.2, ax=ax)
    counts = {patch.get_label().split()[1]: patch.get_data().values for patch in ax.patches if "above the cut" in patch.get_label()}
    assert (counts["negatives,"].sum(), counts["positives,"].sum()) == ((y == 0).sum(), 30)


@pytest.mark.parametrize("plot", EVERY)
@pytest.mark.parametrize(
    ("y", "proba"),
    [
        ([0, 1, 0, 0], [0.3, 0.3, 0.3, 0.3]),  # all scores equal
        ([0, 1, 0, 0], [0.1, 0.9, 0.2, 0.2]),  # one positive
        ([0, 1, 0, 1], [0.0, 1.0, 0.0, 1.0]),
        ([0, 1], [0.0, 0.0]),
        ([1, 1, 1, 0], np.array([1e-9, 0.2, 0.3, 1 - 1e-7], dtype=np.float32)),
    ],
)
def test_edges_are_drawn_without_a_warning(plot, y, proba, ax, tmp_path):
    plot(y, proba, 0.5, ax=ax)
    ax.figure.savefig(tmp_path / "edge.png")


@pytest.mark.parametrize("plot", EVERY)
def test_probabilities_of_several_classes_are_refused(plot, ax):
    with pytest.raises(ValueError, match=r"proba must be one-dimensional, .* got shape \(2, 3\)"):
        plot([0, 1], np.full((2, 3), 1 / 3), 0.5, ax=ax)


@pytest.mark.parametrize("plot", EVERY)
@pytest.mark.parametrize("width", [3.6, 9.0])
@pytest.mark.parametrize("style", ["default", "dark_background"])
def test_nothing_leaves_the_page_or_touches_and_the_axes_keep_their_size(plot, width, style, sample):
    import matplotlib as mpl
    from matplotlib import style as styles

    mpl.use("Agg")
    with styles.context(style):
        figure = Figure(figsize=(width, 4.6), layout="constrained")
        ax = plot(*sample(), 0.234567, ax=figure.subplots())
        figure.draw_without_rendering()
        page, legend = figure.bbox, ax.get_legend().get_window_extent()
        boxes = [legend, ax.title.get_window_extent(), ax.xaxis.label.get_window_extent(), ax.yaxis.label.get_window_extent()]
        for box in boxes:
            assert page.x0 - 1 <= box.x0 <= box.x1 <= page.x1 + 1
            assert page.y0 - 1 <= box.y0 <= box.y1 <= page.y1 + 1
        assert ax.bbox.width > 0.7 * page.width
        assert ax.bbox.height > 0.45 * page.height
        assert legend.y1 <= ax.xaxis.label.get_window_extent().y0 + 1  # below all, and over no data
        shown = [text for text in ax.get_xticklabels() if text.get_text()]
        ticks = sorted((text.get_window_extent() for text in shown), key=lambda box: box.x0)
        assert all(left.x1 < right.x0 for left, right in pairwise(ticks))
        assert figure.get_facecolor() == mpl.colors.to_rgba(mpl.rcParams["figure.facecolor"])
