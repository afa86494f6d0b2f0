"""Average precision against its definition, scikit-learn, and what must not change it."""

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from scipy.special import expit
from sklearn.exceptions import UndefinedMetricWarning
from sklearn.metrics import average_precision_score

from boostimb.metrics import PRAUC, BoundLabels, _kernels, average_precision
from boostimb.metrics._labels import Bulk


def by_definition(y, score, weight=None):
    """The NumPy twin of the kernels: the sum over distinct scores of (change of recall) * precision."""
    y, score = np.asarray(y, dtype=bool), np.asarray(score)
    weight = np.ones(y.size) if weight is None else np.asarray(weight, dtype=float)
    total, before = 0.0, 0.0
    for cut in np.unique(score)[::-1]:
        alert = score >= cut
        tp = weight[alert & y].sum()
        if tp > before:
            total += (tp - before) / weight[y].sum() * tp / weight[alert].sum()
            before = tp
    return total


@st.composite
def samples(draw, weights=False):
    n = draw(st.integers(1, 30))
    y = draw(st.lists(st.booleans(), min_size=n, max_size=n).filter(any))
    # Few values make ties; any float makes denormals, signed zeros and huge ones.
    value = draw(
        st.sampled_from([st.sampled_from([-1.0, -0.0, 0.0, 0.5, 3.0]), st.floats(-1e300, 1e300), st.floats(-5, 5, width=32)])
    )
    score = draw(st.lists(value, min_size=n, max_size=n))
    weight = draw(st.lists(st.floats(1e-3, 1e3), min_size=n, max_size=n)) if weights else None
    return y, score, weight


@given(samples())
@example(([True, False], [-0.0, 0.0], None))
def test_equals_its_definition(sample):
    y, score, _ = sample
    assert average_precision(y, score) == pytest.approx(by_definition(y, score), abs=1e-12)


@given(samples(weights=True))
@example(([True, False], [-0.0, 0.0], [1.0, 2.0]))
@example(([True, False, True], [-1.0, -0.0, 0.0], [1.0, 2.0, 1.0]))
def test_equals_its_definition_with_weights(sample):
    y, score, weight = sample
    assert average_precision(y, score, weight) == pytest.approx(by_definition(y, score, weight), abs=1e-12)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("rate", [0.002, 0.5, 0.98])
@pytest.mark.parametrize("decimals", [None, 2])
@pytest.mark.parametrize("weighted", [False, True])
def test_equals_scikit_learn_on_many_rows(dtype, rate, decimals, weighted):
    rng = np.random.default_rng(0)
    y = rng.random(20_000) < rate
    score = rng.normal(size=y.size) + y
    score = (score if decimals is None else score.round(decimals)).astype(dtype)
    weight = rng.choice([0.0, 0.5, 3.0], y.size) if weighted else None
    want = average_precision_score(y, score, sample_weight=weight)
    assert average_precision(y, score, weight) == pytest.approx(want, abs=1e-12)


SHAPES = {
    "margins": lambda rng, y: rng.normal(size=y.size) + 2 * y,
    "ties": lambda rng, y: (rng.normal(size=y.size) + 2 * y).round(1),
    "separated": lambda rng, y: rng.random(y.size) + 3.0 * y,
    "upside down": lambda rng, y: rng.random(y.size) - 0.9 * y,
    "probabilities": lambda rng, y: expit(2 * rng.normal(size=y.size) - 6 + 4 * y),
    "outlier": lambda rng, y: rng.normal(size=y.size) + 1e6 * (np.arange(y.size) == 7),
    "two values": lambda rng, y: (rng.random(y.size) < 0.1 + 0.5 * y).astype(float),
    "denormal": lambda rng, y: 1e-40 * (rng.random(y.size) + y),
    "far from zero": lambda rng, y: 1e6 + rng.random(y.size) + y,
    "the whole range": lambda rng, y: 3e38 * (rng.random(y.size) - 0.5) * 2,
}


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("n_pos", [1, 60, 400])
def test_counting_by_buckets_changes_nothing(shape, dtype, weighted, n_pos):
    rng = np.random.default_rng(n_pos)
    y = rng.permutation(10_000) < n_pos
    score = SHAPES[shape](rng, y).astype(dtype)
    weight = rng.choice([0.0, 0.5, 3.0], y.size) if weighted else None
    if weighted:
        weight[np.flatnonzero(y)[0]] = 1.0
    labels = BoundLabels.of(y, weight)
    ranked = labels.rank(score)
    if weighted:
        want = _kernels.weighted_average_precision(*ranked, *Bulk.none(ranked))
    else:
        want = _kernels.average_precision(ranked.pos, ranked.neg, *Bulk.none(ranked))
    assert average_precision(y, score, weight) == pytest.approx(want, abs=1e-13)
    near, bulk = labels.rank_near(score)
    if bulk.weight.size:
        assert near.neg.size + (bulk.weight > 0).sum() <= ranked.neg.size
        everyone = np.ones(ranked.neg.size) if ranked.neg_weight is None else ranked.neg_weight
        in_near = near.neg.size if near.neg_weight is None else near.neg_weight.sum()
        assert in_near + bulk.weight.sum() == pytest.approx(everyone.sum())


def test_most_negatives_are_counted_by_buckets_where_positives_are_rare():
    rng = np.random.default_rng(0)
    y = rng.random(100_000) < 0.01
    near, bulk = BoundLabels.of(y).rank_near(rng.normal(size=y.size) + 2 * y)
    assert 0 < near.neg.size < 0.2 * y.size
    assert near.neg.size + bulk.weight.sum() == (~y).sum()


@pytest.mark.parametrize("weighted", [False, True])
def test_ties_need_no_sort_where_each_bucket_has_positives_of_one_score(weighted):
    rng = np.random.default_rng(0)
    y = rng.random(100_000) < 0.02
    score = (rng.normal(size=y.size) + y).round(1)
    weight = rng.uniform(0.5, 2, y.size) if weighted else None
    near, bulk = BoundLabels.of(y, weight).rank_near(score)
    assert near.neg.size == 0
    assert bulk.weight.sum() == pytest.approx((~y if weight is None else weight[~y]).sum())
    assert average_precision(y, score, weight) == pytest.approx(average_precision_score(y, score, sample_weight=weight), abs=1e-12)


def test_integer_weights_are_repeated_rows():
    rng = np.random.default_rng(1)
    y, score, times = rng.random(300) < 0.2, rng.normal(size=300).round(1), rng.integers(0, 4, 300)
    want = average_precision(np.repeat(y, times), np.repeat(score, times))
    assert average_precision(y, score, times) == pytest.approx(want, abs=1e-12)


def test_only_the_order_of_the_scores_counts():
    rng = np.random.default_rng(2)
    y, score = rng.random(500) < 0.1, rng.normal(size=500)
    shuffled = rng.permutation(500)
    for same in (np.exp(score), 3 * score - 7, np.argsort(np.argsort(score))):
        assert average_precision(y, same) == average_precision(y, score)
    assert average_precision(y[shuffled], score[shuffled]) == average_precision(y, score)


def test_scale_of_the_weights_plays_no_part():
    rng = np.random.default_rng(3)
    y, score, weight = rng.random(500) < 0.1, rng.normal(size=500), rng.uniform(0.1, 2, 500)
    assert average_precision(y, score, 1e6 * weight) == pytest.approx(average_precision(y, score, weight), abs=1e-12)


def test_known_values():
    assert average_precision([1, 1, 0, 0], [4, 3, 2, 1]) == 1.0
    assert average_precision([0, 0, 1, 1], [4, 3, 2, 1]) == pytest.approx(0.5 * (1 / 3 + 2 / 4))
    assert average_precision([0, 0, 0, 1], [0, 0, 0, 0]) == 0.25  # ties earn the rate, where a trapezoid gives 0.625
    assert average_precision([1, 1, 1], [3, 1, 2]) == 1.0


@pytest.mark.parametrize("weight", [None, [1, 2]])
def test_without_positives_it_is_zero_and_says_so(weight):
    with pytest.warns(UndefinedMetricWarning, match="no positive"):
        assert average_precision([0, 0], [0.1, 0.2], weight) == 0.0


def test_a_positive_of_weight_zero_is_none():
    with pytest.warns(UndefinedMetricWarning, match="no positive"):
        assert average_precision([0, 1], [0.1, 0.2], [1, 0]) == 0.0


def test_takes_any_layout_and_leaves_its_input_alone():
    rng = np.random.default_rng(4)
    y, score, weight = rng.random(400) < 0.2, rng.normal(size=400), rng.uniform(0, 1, 400)
    want = average_precision(y[::2], score[::2], weight[::2])
    copies = y.copy(), score.copy(), weight.copy()
    for array in (y, score, weight):
        array.flags.writeable = False
    assert average_precision(y[::2], score[::2], weight[::2]) == want
    assert average_precision(y[::2].tolist(), score[::2].tolist(), weight[::2].tolist()) == want
    for array, copy in zip((y, score, weight), copies, strict=True):
        np.testing.assert_array_equal(array, copy)


@pytest.mark.parametrize(
    ("y", "score", "weight", "says"),
    [
        ([0, 1], [0.1, np.nan], None, "finite"),
        ([0, 1], [0.1, np.inf], None, "finite"),
        ([0, 1], [-np.inf, 0.1], None, "finite"),
        ([1, 0, 0, 0], [0.1, 0.2, np.nan, 0.3], None, "y_score must be finite, got nan"),
        ([1, 0, 0, 0], [0.1, 0.2, -np.nan, 0.3], [1, 2, 3, 4], "y_score must be finite, got nan"),
        ([1, 0, 0, 0], [0.1, 0.2, np.nan, 0.3], [1, 2, 0, 4], "y_score must be finite, got nan"),
        (np.arange(5000) < 9, np.append(np.zeros(4999), np.nan), None, "y_score must be finite, got nan"),
        (np.arange(5000) < 9, np.append(np.inf, np.full(4999, 1e-3)), None, "y_score must be finite, got inf"),
        (np.arange(5000) < 9, np.append(np.nan, np.full(4999, 1e-3)), np.ones(5000), "y_score must be finite, got nan"),
        (np.arange(5000) < 9, np.append(-np.inf, np.zeros(4999)), None, "y_score must be finite, got -inf"),
        ([0, 1], [0.1], None, "inconsistent numbers of samples: y_score has length 1 and y_true has length 2"),
        ([0, 1], [[0.1], [0.2]], None, "one-dimensional"),
        ([0, 2], [0.1, 0.2], None, "labels 0 and 1 only, got 2"),
        ([0, np.nan], [0.1, 0.2], None, "labels 0 and 1 only, got nan"),
        (["a", "b"], [0.1, 0.2], None, "labels 0 and 1"),
        ([], [], None, "at least one sample"),
        ([0, 1], [0.1, 0.2], [1.0], "sample_weight has length 1"),
        ([0, 1], [0.1, 0.2], [1.0, -1.0], "sample_weight must be >= 0"),
        ([0, 1], [0.1, 0.2], [1.0, np.nan], "sample_weight must be finite"),
        ([0, 1], [0.1, 0.2], [0.0, 0.0], "only zeros"),
    ],
)
def test_bad_input_gets_a_clear_error(y, score, weight, says):
    with pytest.raises(ValueError, match=says):
        average_precision(y, score, weight)


def test_rounding_does_not_grow_with_the_rows():
    # Positives and negatives alternate: the i-th positive has precision i / (2i - 1).
    n = 400_000
    y = np.arange(n) % 2 == 0
    i = np.arange(1, n // 2 + 1, dtype=np.longdouble)
    want = float((i / (2 * i - 1)).sum() / (n // 2))
    for weight in (None, np.full(n, 0.1)):
        assert average_precision(y, -np.arange(n, dtype=np.float32), weight) == pytest.approx(want, abs=1e-14)


def test_a_bound_metric_may_run_in_many_threads():
    rng = np.random.default_rng(5)
    y, weight = rng.random(5000) < 0.05, rng.uniform(0.5, 2, 5000)
    value = PRAUC().bind(y, weight)
    scores = [rng.normal(size=5000).astype(np.float32) + y for _ in range(40)]
    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(value, scores)) == [average_precision(y, score, weight) for score in scores]


def test_numba_loads_with_the_first_kernel_only():
    code = (
        "import sys, boostimb.metrics as m, boostimb.decision; before = 'numba' in sys.modules;"
        "value = m.average_precision([0, 1], [0.1, 0.2]); print(before, 'numba' in sys.modules, value)"
    )
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert done.stdout.split() == ["False", "True", "1.0"]
