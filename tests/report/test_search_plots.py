"""History, importances, levers, class counts and the decision surface show the arrays that they are given."""

from itertools import pairwise

import numpy as np
import pytest

pytest.importorskip("matplotlib")

from matplotlib.figure import Figure

from boostimb.report import plot_class_counts, plot_decision_surface, plot_history, plot_importance, plot_levers

SCORES = [0.60, 0.62, 0.61, 0.65, 0.64, 0.05]


def labels(ax):
    return [text.get_text() for text in ax.get_legend().get_texts()]


def texts(ax):
    return [text.get_text() for text in ax.texts]


@pytest.mark.parametrize("sign", [1, -1])
def test_the_best_so_far_goes_up_or_down(sign, ax, line):
    order = [3, 0, 5, 1, 4, 2]  # in any order
    scores = sign * np.array(SCORES)
    plot_history(order, scores[order], greater_is_better=sign > 0, baseline=sign * 0.6, ax=ax)
    assert line(ax, "best so far").get_ydata() == pytest.approx(np.array([0.60, 0.62, 0.62, 0.65, 0.65, 0.65]) * sign)
    assert line(ax, "plain booster").get_ydata()[0] == sign * 0.6


@pytest.mark.parametrize("sign", [1, -1])
def test_a_trial_far_behind_is_marked_at_the_edge_of_a_readable_axis(sign, ax):
    plot_history(range(6), sign * np.array(SCORES), greater_is_better=sign > 0, ax=ax)
    low, high = sorted(sign * np.array(ax.get_ylim()))
    assert 0.4 < low < 0.6 < 0.65 < high < 0.7
    assert labels(ax)[-1] == "beyond the edge: 1"
    (at_edge,) = [each for each in ax.get_lines() if each.get_marker() in "v^" and each.get_xdata().size]
    assert at_edge.get_xdata().tolist() == [5]


def test_boosters_and_trials_that_were_given_up_are_told_apart(ax, line):
    boosters = ["lightgbm", "xgboost", "lightgbm", "catboost", "other", "lightgbm"]
    plot_history([0, 1, 2, 3, 4, 6], [*SCORES[:5], 0.63], boosters, given_up=([5, 7], [0.6, 0.61]), ax=ax)
    assert line(ax, "lightgbm: 3 trials").get_xdata().tolist() == [0, 2, 6]
    assert line(ax, "given up early: 2").get_ydata().tolist() == [0.6, 0.61]
    looks = {(line(ax, name).get_marker(), line(ax, name).get_color()) for name in ("lightgbm", "xgboost", "catboost", "other")}
    assert len({mark for mark, _ in looks}) == len({color for _, color in looks}) == 4


@pytest.mark.parametrize("width", [4, 12])
def test_a_history_fills_the_page(width):
    figure = Figure(figsize=(width, 3), layout="constrained")
    boosters = ["lightgbm", "xgboost", "lightgbm", "catboost", "lightgbm", "xgboost"]
    ax = plot_history(range(6), SCORES, boosters, given_up=([6], [0.4]), baseline=0.6, ax=figure.subplots())
    figure.draw_without_rendering()
    assert ax.yaxis.label.get_window_extent().x0 < 0.02 * figure.bbox.width + 5
    assert ax.bbox.height > 0.4 * figure.bbox.height
    assert ax.get_legend().get_window_extent().x1 <= figure.bbox.x1 + 1


def test_one_trial_is_a_history(ax, tmp_path):
    plot_history([0], [0.5], baseline=0.5, ax=ax).figure.savefig(tmp_path / "one.png")


@pytest.mark.parametrize(
    ("given", "text"),
    [
        (([], []), "trials must hold at least one finished trial, got none"),
        (([0, 1], [0.5]), "scores has length 1 and trials has length 2"),
        (([0, 1], [0.5, 0.6], ["lightgbm"]), "boosters has length 1 and trials has length 2"),
    ],
)
def test_a_history_that_does_not_fit_is_refused(given, text):
    with pytest.raises(ValueError, match=text):
        plot_history(*given)


def test_importances_are_shares_and_the_rest_is_one_bar(ax):
    plot_importance({"a": 1.0, "b": 4.0, "c": 2.0, "d": 0.5, "e": 0.5}, most=3, ax=ax)
    assert [bar.get_width() for bar in ax.patches] == pytest.approx([0.5, 0.25, 0.125, 0.125])
    assert texts(ax) == ["b: 50.0%", "c: 25.0%", "a: 12.5%", "2 others: 12.5%"]


def test_importances_of_nothing_are_drawn_as_zero(ax):
    assert texts(plot_importance({"a": 0.0}, ax=ax)) == ["a: 0.0%"]


@pytest.mark.parametrize(
    ("shares", "text"),
    [
        ({}, "importance must have at least one entry, got none"),
        ({"a": -1.0}, "the importance of a must be a finite number >= 0, got -1.0"),
        ({"a": float("nan")}, "the importance of a must be a finite number >= 0, got nan"),
    ],
)
def test_wrong_importances_are_refused(shares, text):
    with pytest.raises(ValueError, match=text):
        plot_importance(shares)


def test_levers_are_drawn_with_their_intervals_and_verdicts(ax):
    verdicts = ["helps", "hurts", "nothing measurable", "not tried", "helps"]
    plot_levers(list("abcde"), [0.03, -0.02, -0.0001, None, 0.5], [0.01, 0.015, 0.02, None, 0.0], verdicts, ax=ax)
    assert texts(ax) == ["a: +0.030 ± 0.010", "b: -0.020 ± 0.015", "c: +0.000 ± 0.020", "d: not tried", "e: +0.500 ± 0.000"]
    spans = [each.get_xdata() for each in ax.get_lines() if each.get_linewidth() == 1.8 and len(each.get_xdata()) == 2]
    assert np.array(spans) == pytest.approx(np.array([[0.02, 0.04], [-0.035, -0.005], [-0.0201, 0.0199], [0.5, 0.5]]))
    assert labels(ax) == ["helps", "hurts", "nothing measurable"]


@pytest.mark.parametrize("layout", ["constrained", None])
def test_rows_of_low_axes_do_not_touch_and_the_legend_hides_none(layout):
    figure = Figure(figsize=(4, 3), layout=layout)
    ax = plot_levers([f"lever {at}" for at in range(10)], [0.1] * 10, [0.2] * 10, ["helps"] * 10, ax=figure.subplots())
    figure.draw_without_rendering()
    boxes = [text.get_window_extent() for text in ax.texts]
    assert all(upper.y0 > lower.y1 for upper, lower in pairwise(boxes))
    assert not any(ax.get_legend().get_window_extent().overlaps(box) for box in boxes)
    marks = [each for each in ax.get_lines() if each.get_linewidth() == 1.8]
    ends = [ax.transData.transform((0, each.get_ydata()[0]))[1] for each in marks if len(each.get_xdata()) == 2]
    assert len(ends) == 10
    assert all(end > lower.y1 for end, lower in zip(ends[:-1], boxes[1:], strict=True))


def test_levers_of_which_none_was_compared_are_still_named(ax, tmp_path):
    plot_levers(["smote"], [np.nan], [np.nan], ["too few trials"], ax=ax).figure.savefig(tmp_path / "none.png")
    assert texts(ax) == ["smote: too few trials"]


@pytest.mark.parametrize(
    ("given", "text"),
    [
        (([], [], [], []), "names must hold at least one lever, got none"),
        ((["a", "b"], [0.1], [0.1, 0.1], ["helps", "helps"]), "gains must have an entry for each of 2 names, got 1"),
        ((["a"], [0.1], [0.1], []), "verdicts must have an entry for each of 1 names, got 0"),
    ],
)
def test_levers_that_do_not_fit_are_refused(given, text):
    with pytest.raises(ValueError, match=text):
        plot_levers(*given)


def test_counts_of_both_classes_are_bars(ax):
    plot_class_counts(["as it is", "tomek", "under"], [10, np.nan, 10], [1000, np.nan, 40], ax=ax)
    negatives, positives = (container.datavalues for container in ax.containers)
    np.testing.assert_array_equal(negatives, [1000, np.nan, 40])
    np.testing.assert_array_equal(positives, [10, np.nan, 10])
    assert texts(ax)[1] == "tomek: depends on the rows"
    assert ax.get_xscale() == "log"


@pytest.mark.parametrize(
    ("given", "text"),
    [
        (([], [], []), "names must hold at least one entry, got none"),
        ((["a"], [1], [2, 3]), "negatives has length 2 and positives has length 1"),
        ((["a", "b"], [1], [2]), "names has length 2 and positives has length 1"),
    ],
)
def test_counts_that_do_not_fit_are_refused(given, text):
    with pytest.raises(ValueError, match=text):
        plot_class_counts(*given)


def grid():
    x, y = np.linspace(0, 1, 30), np.linspace(-2, 2, 20)
    return x, y, 0.001 + 0.9 * x[None, :] * (y[:, None] + 2) / 4


def test_the_line_of_a_surface_runs_where_the_probability_is_the_threshold(ax):
    x, y, proba = grid()
    plot_decision_surface(x, y, proba, 0.3, names=("age", "dose"), ax=ax)
    (contour,) = [each for each in ax.collections if hasattr(each, "levels")]
    (path,) = contour.get_paths()
    across, up = path.vertices.T
    assert 0.001 + 0.9 * across * (up + 2) / 4 == pytest.approx(0.3, abs=0.01)
    assert labels(ax) == ["cut 0.3"]


def test_a_threshold_that_is_nowhere_reached_has_no_line(ax):
    plot_decision_surface(*grid(), 0.95, ax=ax)
    assert labels(ax) == ["all below the cut 0.95"]
    assert not [each for each in ax.collections if hasattr(each, "levels")]


def test_the_colours_of_a_surface_have_numbers_however_close_they_are(ax):
    plot_decision_surface([0, 1], [0, 1], [[0.0120, 0.0130], [0.0140, 0.0150]], 0.01, ax=ax)
    assert [text.get_text() for text in ax.figure.axes[1].get_yticklabels()] == ["0.0128", "0.0135", "0.0142"]
    assert labels(ax) == ["all from the cut 0.01"]


def test_a_long_name_of_a_feature_is_shortened_to_its_axis():
    figure = Figure(figsize=(4, 3), layout="constrained")
    names = ("age", "RevolvingUtilizationOfUnsecuredLines")
    ax = plot_decision_surface(*grid(), 0.3, names=names, ax=figure.subplots())
    figure.draw_without_rendering()
    assert ax.get_xlabel() == "age"
    assert ax.get_ylabel().startswith("RevolvingUtil")
    box = ax.yaxis.label.get_window_extent()
    assert figure.bbox.y0 <= box.y0 <= box.y1 <= figure.bbox.y1


def test_points_of_a_surface_are_thinned_by_class_and_inside(ax):
    x, y, proba = grid()
    rng = np.random.default_rng(0)
    px, py, label = rng.uniform(-0.1, 1.1, 9000), rng.uniform(-2, 2, 9000), rng.random(9000) < 0.2
    px[0] = np.nan
    plot_decision_surface(x, y, proba, points=(px, py, label), ax=ax)
    negatives, positives = (each.get_offsets() for each in ax.collections if each.get_offsets().shape[0] > 1)
    assert (len(negatives), len(positives)) == (1500, 500)
    inside = (px >= 0) & (px <= 1)
    assert labels(ax) == [f"negative (1,500 of {(inside & ~label).sum():,})", f"positive (500 of {(inside & label).sum():,})"]
    known = {tuple(each) for each in np.column_stack([px, py])[label & inside]}
    assert {tuple(each) for each in positives.tolist()} <= known


def test_a_category_has_its_names_on_the_axis(tmp_path):
    figure = Figure()
    ax = plot_decision_surface([0, 1, 2], [0], [[0.1, 0.2, 0.9]], 0.5, levels=(("a", "b", "c"), ("all",)), ax=figure.subplots())
    assert [text.get_text() for text in ax.get_xticklabels()] == ["a", "b", "c"]
    figure.savefig(tmp_path / "category.png")


def test_the_line_jumps_between_categories(ax):
    proba = np.column_stack([np.linspace(0, 1, 101), np.linspace(-0.4, 0.6, 101).clip(0)])
    rows = np.zeros(9), np.full(9, 0.5), np.arange(9) % 2
    plot_decision_surface([0, 1], np.linspace(0, 1, 101), proba, 0.5, levels=(("a", "b"), None), points=rows, ax=ax)
    (contour,) = [each for each in ax.collections if hasattr(each, "levels")]
    across, up = np.concatenate([path.vertices for path in contour.get_paths()]).T
    assert up[across < 0.49] == pytest.approx(0.5, abs=0.01)
    assert up[across > 0.51] == pytest.approx(0.9, abs=0.01)
    drawn = np.concatenate([each.get_offsets() for each in ax.collections if each.get_offsets().shape[0] > 1])
    assert np.unique(drawn[:, 0]).size == 9  # side by side
    assert (np.abs(drawn[:, 0]) <= 0.3).all()


def test_names_of_many_or_long_categories_do_not_touch():
    many = [f"a category with the number {at}" for at in range(60)]
    figure = Figure(figsize=(5, 5), layout="constrained")
    ax = plot_decision_surface(range(60), range(60), np.full((60, 60), 0.5), levels=(many, many), ax=figure.subplots())
    figure.draw_without_rendering()
    boxes = [text.get_window_extent() for text in ax.get_xticklabels()]
    assert len(boxes) >= 4
    assert all(left.x1 < right.x0 for left, right in pairwise(boxes))
    boxes = [text.get_window_extent() for text in ax.get_yticklabels()]
    assert all(low.y1 <= high.y0 for low, high in pairwise(boxes))


@pytest.mark.parametrize(
    ("given", "text"),
    [
        (([0, 1], [0, 1, 2], np.zeros((2, 3))), r"proba must have the shape \(ny, nx\), \(3, 2\), got \(2, 3\)"),
        (([0, 1], [0], [[0.5, 0.5]]), "y must have at least 2 values, or be of categories, got 1"),
        (([0, 1], [0, 1], [[0.5, 1.5], [0, 0]]), r"proba must lie in \[0, 1\], got 1.5"),
        (([0, 1], [0, 1], [[0.5, np.nan], [0, 0]]), r"proba must lie in \[0, 1\], got nan"),
    ],
)
def test_a_surface_that_does_not_fit_is_refused(given, text):
    with pytest.raises(ValueError, match=text):
        plot_decision_surface(*given)


@pytest.mark.parametrize("width", [3.6, 9.0])
def test_long_names_stay_on_a_narrow_page(width):
    name = "the booster's own parameters"
    figure = Figure(figsize=(width, 6), layout="constrained")
    axes = figure.subplots(2, 1)
    plot_levers([name], [0.0123], [0.0456], ["helps"], ax=axes[0])
    plot_importance({"lightgbm.min_sum_hessian_in_leaf": 1.0, "b": 0.2}, ax=axes[1])
    figure.draw_without_rendering()
    for ax in axes:
        assert ax.bbox.width > 0.85 * figure.bbox.width
        for text in ax.texts:
            assert text.get_window_extent().x1 <= figure.bbox.x1


@pytest.mark.parametrize(
    ("draw", "given"),
    [
        (plot_history, ([0], [0.5])),
        (plot_importance, ({"a": 1.0},)),
        (plot_levers, (["a"], [0.1], [0.1], ["helps"])),
        (plot_class_counts, (["a"], [1], [2])),
        (plot_decision_surface, ([0, 1], [0, 1], np.full((2, 2), 0.5))),
    ],
)
def test_without_matplotlib_the_extra_is_named(draw, given, monkeypatch):
    monkeypatch.setattr("boostimb.report._axes.find_spec", lambda name: None)
    with pytest.raises(ImportError, match=r"pip install 'boostimb\[plots\]'"):
        draw(*given)
