"""Calibration and decisions among several classes."""

import itertools

import numpy as np
import pytest
from scipy.special import log_softmax, softmax
from sklearn import metrics as sk

from boostimb.decision import ClassCalibration, LogisticCalibration, decide, parse_class_decision


def rows(seed=0, n=1500, weights=(0.8, 0.15, 0.05)):
    rng = np.random.default_rng(seed)
    k = len(weights)
    y = rng.choice(k, p=weights, size=n)
    return y, 1.5 * np.eye(k)[y] + rng.normal(size=(n, k)) + np.log(weights)


def test_of_two_classes_it_is_the_logistic_calibration():
    y, raw = rows(weights=(0.9, 0.1))
    several, two = ClassCalibration.fit(raw, y), LogisticCalibration.fit(raw[:, 1] - raw[:, 0], y == 1)
    assert several.scale == pytest.approx(two.scale, rel=1e-6)
    assert several.offset[1] - several.offset[0] == pytest.approx(two.offset, rel=1e-6)
    np.testing.assert_allclose(several.apply(raw)[:, 1], two.apply(raw[:, 1] - raw[:, 0]), rtol=1e-6)


def test_it_takes_back_scale_and_shifts_and_the_mean_is_right():
    y, raw = rows(n=20_000)
    bent = ClassCalibration.fit(3.0 * raw + [0.5, -1.0, 2.0], y)
    plain = ClassCalibration.fit(raw, y)
    np.testing.assert_allclose(bent.apply(3.0 * raw + [0.5, -1.0, 2.0]), plain.apply(raw), rtol=1e-6)
    np.testing.assert_allclose(plain.apply(raw).mean(axis=0), np.bincount(y) / y.size, atol=1e-4)
    assert sk.log_loss(y, plain.apply(raw)) < sk.log_loss(y, softmax(raw, axis=1)) + 1e-4


def test_no_neighbour_has_a_lower_loss():
    y, raw = rows(n=600)
    found = ClassCalibration.fit(raw, y)
    counts = np.bincount(y)
    target = np.array(
        [[(counts[a] + (a == b)) / (counts[a] + 3) if a == b else 1 / (counts[a] + 3) for b in range(3)] for a in range(3)]
    )

    def loss(scale, offset):
        return -(target[y] * log_softmax(scale * raw + offset, axis=1)).sum()

    best = loss(found.scale, found.offset)
    for step in itertools.product((-1e-3, 0, 1e-3), repeat=3):
        assert loss(found.scale + step[0], np.add(found.offset, [0, *step[1:]])) >= best - 1e-9


def test_the_order_of_the_classes_does_not_matter():
    y, raw = rows()
    order = np.array([2, 0, 1])
    one, other = ClassCalibration.fit(raw, y), ClassCalibration.fit(raw[:, order], np.argsort(order)[y])
    assert other.scale == pytest.approx(one.scale, rel=1e-8)
    np.testing.assert_allclose(other.offset, np.array(one.offset)[order], rtol=1e-6, atol=1e-9)


@pytest.mark.parametrize("raw", [np.zeros((60, 3)), 80 * np.eye(3)[np.arange(60) % 3], -np.eye(3)[np.arange(60) % 3]], ids=str)
def test_margins_that_say_nothing_everything_or_the_opposite(raw):
    y = np.arange(60) % 3
    found = ClassCalibration.fit(raw, y)
    assert found.scale > 0
    assert np.isfinite(found.apply(raw)).all()


def test_bad_calibrations():
    with pytest.raises(ValueError, match="each of 3 classes"):
        ClassCalibration.fit(np.zeros((4, 3)), np.array([0, 1, 1, 0]))
    with pytest.raises(ValueError, match="shape"):
        ClassCalibration.fit(np.zeros(4), np.array([0, 1, 1, 0]))
    good = ClassCalibration(2.0, (0.0, 1.0))
    assert ClassCalibration.from_dict(good.to_dict()) == good
    for change in ({"scale": -1.0}, {"offset": [1.0]}, {"offset": "ab"}, {"offset": [0.0, "x"]}, {"kind": "logistic"}, {"more": 1}):
        with pytest.raises(ValueError, match=r"scale|offset|calibration"):
            ClassCalibration.from_dict({**good.to_dict(), **change})


GOALS = {
    "f1": lambda y, d: sk.f1_score(y, d, average="macro", zero_division=0),
    "fbeta:2": lambda y, d: sk.fbeta_score(y, d, beta=2, average="macro", zero_division=0),
    "mcc": sk.matthews_corrcoef,
    "balanced_accuracy": sk.balanced_accuracy_score,
}


@pytest.mark.parametrize("goal", GOALS)
def test_multipliers_gain_and_say_what_they_reach(goal):
    y, raw = rows()
    proba = softmax(raw, axis=1)
    found = parse_class_decision(goal, None, None, 3).choose(y, proba)
    decided = decide(proba, found.value, found.costs)
    assert found.score == pytest.approx(GOALS[goal](y, decided))
    assert found.score > GOALS[goal](y, proba.argmax(axis=1))
    assert np.prod(found.value) == pytest.approx(1.0)
    # No multiplier by itself can be moved to a better place.
    for k, factor in itertools.product(range(3), np.exp(np.linspace(-4, 4, 81))):
        other = found.value.copy()
        other[k] *= factor
        assert GOALS[goal](y, decide(proba, other, None)) <= found.score + 1e-9


def test_of_two_classes_the_best_f_score_is_found_exactly():
    from boostimb import best_threshold

    y, raw = rows(weights=(0.9, 0.1), n=400)
    proba = softmax(raw, axis=1)
    found = parse_class_decision("mcc", None, None, 2).choose(y, proba)
    assert found.score == pytest.approx(best_threshold(y, proba[:, 1], "mcc").score)


def test_costs_decide_by_the_least_expected_cost():
    y, raw = rows()
    proba, costs = softmax(raw, axis=1), np.array([[0, 1, 2], [5, 0, 1], [50, 10, 0.0]])
    found = parse_class_decision("f1", None, costs, 3).choose(y, proba)
    assert found.value.tolist() == [1, 1, 1]
    decided = decide(proba, found.value, found.costs)
    for row, choice in zip(proba, decided, strict=True):
        assert row @ costs[:, choice] == pytest.approx(min(row @ costs[:, k] for k in range(3)))
    assert found.score == pytest.approx(costs[y, decided].mean())
    even = parse_class_decision("f1", None, 1 - np.eye(3), 3).choose(y, proba)
    np.testing.assert_array_equal(decide(proba, even.value, even.costs), proba.argmax(axis=1))


def test_what_several_classes_cannot_ask():
    for goal in ("accuracy", "recall", 0.5, len, "fbeta:x"):
        with pytest.raises(ValueError, match="goal"):
            parse_class_decision(goal, None, None, 3)
    with pytest.raises(ValueError, match="constraints are bounds on one positive class"):
        parse_class_decision("f1", {"recall": ">=0.9"}, None, 3)
    for costs in (np.eye(2), [[0, 1, 1], [1, np.nan, 1], [1, 1, 0]]):
        with pytest.raises(ValueError, match="cost_matrix must hold a finite number"):
            parse_class_decision("f1", None, costs, 3)
    with pytest.raises(ValueError, match="either a goal or a cost_matrix"):
        parse_class_decision("mcc", None, np.eye(3), 3)
