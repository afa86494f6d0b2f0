"""The parts of a search that train nothing: space, rounds, selection, estimate."""

import numpy as np
import optuna
import pytest
from scipy.special import expit
from sklearn.metrics import average_precision_score
from sklearn.metrics import log_loss as sklearn_log_loss

import boostimb as bi
from boostimb.decision import LogisticCalibration
from boostimb.resampling import Resampler
from boostimb.search._estimate import LEAST_REPEATS, estimate
from boostimb.search._race import RANK, Race
from boostimb.search._sampler import FairSampler
from boostimb.search._select import choose_best, choose_ensemble, even_weights, greedy_weights, log_loss, thinned
from boostimb.search._space import DEFAULTS, Levers, check_losses, check_space
from boostimb.search._trial import Rise, best_step, patience


def levers(**changes):
    settings = {
        "boosters": ("lightgbm", "xgboost", "catboost"),
        "losses": ("log_loss", "focal", "asymmetric"),
        "resamplers": tuple(Resampler(name) for name in ("none", "under", "smote")),
        "counts": (20, 2000),
    }
    return Levers(**{**settings, **changes})


def test_a_trial_draws_every_lever_and_each_combination_is_usable():
    study = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=0))
    space, seen = levers(), set()
    for _ in range(150):
        plan = space.draw(study.ask())
        loss = plan.loss_for(20, 2000)
        assert loss.pos_weight == pytest.approx(100**plan.class_weight)
        seen.add((plan.booster, type(loss).__name__, plan.resampler.name))
        assert 0 < plan.learning_rate <= 0.2
        if plan.resampler.has_ratio:
            assert 0.01 <= plan.resampler.ratio <= 1
    assert len(seen) == 27


def test_the_first_trials_are_the_plain_boosters_and_then_each_lever_alone():
    starts = levers().starts()
    assert [s["booster"] for s in starts] == ["lightgbm", "xgboost", "catboost"] * 2 + ["lightgbm"] * 4
    assert [s["class_weight"] for s in starts] == [0.0] * 3 + [0.5] * 3 + [0.0] * 4
    assert [(s["loss"], s["sampler"]) for s in starts[6:]] == [
        ("focal", "none"), ("asymmetric", "none"), ("log_loss", "under"), ("log_loss", "smote"),
    ]  # fmt: skip
    study = optuna.create_study(sampler=FairSampler(starts, levers().boosters, 0))
    for start in starts:
        trial = study.ask()
        plan = levers().draw(trial)
        assert trial.params == start
        assert plan.params.items() >= DEFAULTS[start["booster"]].items()
        assert (plan.loss, plan.resampler.name) == (start["loss"], start["sampler"])
        study.tell(trial, 0.5)
    assert levers(losses=("focal",)).starts() == []
    assert levers(resamplers=(Resampler("over"),)).starts() == []


def test_a_worker_that_comes_later_draws_something_else():
    def drawn(others):
        study = optuna.create_study()
        for _ in range(others):
            study.add_trial(optuna.trial.create_trial(value=0.5))
        study.sampler = FairSampler((), levers().boosters, 0)
        trial = study.ask()
        levers().draw(trial)
        return trial.params

    assert drawn(0) == drawn(0)
    assert drawn(0) != drawn(1)


def test_a_booster_that_never_wins_still_gets_half_of_its_share():
    space = levers()
    study = optuna.create_study(direction="maximize", sampler=FairSampler((), space.boosters, 0))
    for _ in range(60):
        trial = study.ask()
        plan = space.draw(trial)
        study.tell(trial, float(plan.booster == "xgboost"))
    drawn = [trial.params["booster"] for trial in study.trials]
    assert all(drawn.count(booster) >= 9 for booster in space.boosters)
    assert drawn.count("xgboost") > 24


def test_a_users_space_and_losses():
    own = {"lightgbm": {"num_leaves": optuna.distributions.IntDistribution(3, 5), "max_depth": 4}}
    assert check_space(own, ("lightgbm",)) is own
    study = optuna.create_study()
    focal = bi.FocalLoss(gamma=1.5, pos_weight=2.0)
    space = levers(boosters=("lightgbm",), space=own, losses=(focal,))
    trial = study.ask()
    plan = space.draw(trial)
    assert plan.loss_for(1, 99) == focal
    assert plan.params["max_depth"] == 4
    assert 3 <= plan.params["num_leaves"] <= 5
    assert plan.learning_rate == 0.1
    function = levers(space=lambda trial, booster: {"eta": trial.suggest_float("eta", 0.2, 0.3)}).draw(optuna.create_study().ask())
    assert 0.2 <= function.learning_rate <= 0.3
    for bad in ("deep", 3, {"xgboost": {}}, {"lightgbm": 3}):
        with pytest.raises((TypeError, ValueError), match="space must"):
            check_space(bad, ("lightgbm",))
    assert check_losses("auto") == ("log_loss", "focal")
    assert check_losses(focal) == (focal,)
    for bad in ([], "hinge", [3]):
        with pytest.raises((TypeError, ValueError), match="losses must"):
            check_losses(bad)


def test_rounds_follow_the_curve_and_not_its_noise():
    rounds, ends = np.arange(300), np.arange(5, 301, 5)
    hill = -((rounds - 120) ** 2) / 1e4
    hill[250] += 5.0  # one lucky round
    spread = np.random.default_rng(0).normal(scale=0.02, size=300)
    assert abs(ends[best_step((hill + spread)[:240], ends[:48])] - 121) < 40
    assert ends[best_step(-(rounds**2) / 1e4, ends)] == 5
    assert patience(0.1) == 40
    assert patience(0.02) == 120


def fake_trials(seed=0, n=3000, count=12):
    rng = np.random.default_rng(seed)
    y = rng.random(n) < 0.05
    signal = y * 1.5 + rng.normal(size=n)
    margins = [(3 * (signal + rng.normal(size=n)) - 7).astype(np.float32) for _ in range(count)]
    scores = np.array([average_precision_score(y, z) for z in margins])
    return y, margins, scores


def test_the_ensemble_is_better_than_its_best_member_and_its_weights_add_up():
    y, margins, scores = fake_trials()
    single, several = choose_best(y, margins, scores), choose_ensemble(y, margins)
    assert single.trials == (int(np.argmax(scores)),)
    assert average_precision_score(y, several.logits) > average_precision_score(y, single.logits)
    assert sum(several.weights) == pytest.approx(1.0)
    want = sum(w * cal.logit(margins[at]) for at, w, cal in zip(several.trials, several.weights, several.calibrations, strict=True))
    np.testing.assert_allclose(several.logits, want)
    assert several.calibrations[0] == LogisticCalibration.fit(margins[several.trials[0]], y)


def test_the_estimate_takes_back_what_luck_gave():
    """Trials without any signal: the best of them looks better than chance, and the corrected score does not."""
    rng = np.random.default_rng(1)
    naive, corrected, rates = [], [], []
    for seed in range(8):
        y = rng.random(1500) < 0.05
        margins = [rng.normal(size=1500).astype(np.float32) for _ in range(25)]
        scores = np.array([average_precision_score(y, z) for z in margins])
        best = choose_best(y, margins, scores)
        found = estimate(y, best.logits, scores.max(), margins, scores, bi.PRAUC(), seed)
        assert found.corrected <= found.naive
        assert found.interval[0] < found.corrected < found.interval[1]
        naive.append(found.naive)
        corrected.append(found.corrected)
        rates.append(y.mean())
    gain = np.mean(naive) - np.mean(rates)
    assert np.mean(corrected) - np.mean(rates) < 0.5 * gain


def test_thinned_rows_stand_for_all():
    y = np.arange(10_000) < 300
    rows, weight = thinned(y, 1000)
    assert y[rows].sum() == 300
    assert (weight @ y[rows], weight.sum()) == pytest.approx((300, 10_000))
    logits = np.random.default_rng(0).normal(size=10_000) - 3 + 3 * y
    assert log_loss(y[rows], logits[rows], weight) == pytest.approx(log_loss(y, logits), rel=0.05)
    assert log_loss(y, logits) == pytest.approx(sklearn_log_loss(y, expit(logits)))


def test_weights_of_samples_choose_as_repeated_samples_do():
    y, margins, _ = fake_trials(n=500, count=6)
    logits, counts = np.stack(margins).astype(float), np.random.default_rng(0).integers(0, 3, size=500)
    repeated = np.repeat(np.arange(500), counts)
    np.testing.assert_allclose(greedy_weights(y, logits, counts.astype(float)), greedy_weights(y[repeated], logits[:, repeated]))


def test_even_weights_go_to_what_is_as_good_as_the_best_as_far_as_the_rows_tell():
    rng = np.random.default_rng(0)
    y = rng.random(4000) < 0.05
    signal = y * 3 - 4 + rng.normal(size=4000)
    noise = 0.3 * rng.normal(size=4000)
    logits = np.stack([signal + 3 * rng.normal(size=4000), signal + noise, signal - noise, signal + 1.5])
    assert even_weights(y, logits).tolist() == [0, 0.5, 0.5, 0]
    # One row in ten weighs ten times as much: the scale of the weights says nothing, and fewer samples tell less.
    some = np.arange(4000) % 10 == 0
    assert even_weights(y[some], logits[:, some]).tolist() == even_weights(y, logits, 7.0 * some).tolist()
    assert even_weights(y, np.stack([signal] * 9)).tolist() == [0.2] * 5 + [0.0] * 4


def test_an_ensemble_of_noise_is_corrected_to_chance():
    rng = np.random.default_rng(2)
    found = []
    for seed in range(6):
        y = rng.random(1500) < 0.05
        margins = [rng.normal(size=1500).astype(np.float32) for _ in range(25)]
        choice = choose_ensemble(y, margins)
        lines = [LogisticCalibration.fit(each, y) for each in margins]
        scores = np.array([average_precision_score(y, each) for each in margins])
        naive = average_precision_score(y, choice.logits)
        estimates = [
            estimate(y, choice.logits, naive, margins, scores, bi.PRAUC(), seed, jobs, calibrations=lines) for jobs in (1, 2)
        ]
        assert estimates[0] == estimates[1]
        found.append((naive - y.mean(), estimates[0].corrected - y.mean()))
    naive_gain, corrected_gain = np.mean(found, axis=0)
    assert corrected_gain < 0.5 * naive_gain


def test_an_estimate_without_time_has_fewer_choices_and_the_same_interval_around_them():
    y, margins, scores = fake_trials(n=2000)
    choice, lines = choose_ensemble(y, margins), [LogisticCalibration.fit(each, y) for each in margins]

    def made(**options):
        return estimate(y, choice.logits, 0.9, margins, scores, bi.PRAUC(), 0, 2, calibrations=lines, **options)

    whole, late, few = made(), made(deadline=0.0), made(repeats=LEAST_REPEATS)
    assert late.corrected == few.corrected != whole.corrected
    assert np.subtract(late.interval, late.corrected) == pytest.approx(np.subtract(whole.interval, whole.corrected))
    assert late.interval != few.interval


def test_a_race_spares_whoever_may_still_win():
    race, rising = Race(), np.linspace(0.1, 0.6, 100) + np.linspace(-0.05, 0.05, 5)[:, None]
    flat = np.full((5, 100), 0.5) + np.linspace(-0.05, 0.05, 5)[:, None]
    for at in range(RANK):
        assert not race.is_hopeless(flat, 0.05)  # against too few
        end = np.full((5, 200), 0.7 + 0.01 * at) + np.linspace(-0.05, 0.05, 5)[:, None]
        race.finish(end * np.minimum(1, np.linspace(0.5, 1.5, 200)), 0.05, 200)
    assert race.is_hopeless(flat, 0.05)
    assert not race.is_hopeless(rising, 0.05)  # 0.1 behind, and 0.25 gained in the last half
    assert not race.is_hopeless(flat[:, :50], 0.05)  # too early
    assert not race.is_hopeless(flat, 0.005)  # many small steps are ahead
    assert not race.is_hopeless(flat[:, :60], 0.025)  # no further behind than the finishers were at thirty rounds
    noisy = flat + np.array([0.9, -0.9, 0.9, -0.9, 0.0])[:, None]
    assert not race.is_hopeless(noisy, 0.05)  # the folds do not agree


def test_one_trial_has_no_optimism():
    y, margins, scores = fake_trials(count=1)
    found = estimate(y, margins[0], scores[0], margins, scores, bi.PRAUC(), 0)
    assert found.corrected == found.naive


@pytest.mark.parametrize("metric", [bi.PRAUC(), bi.BestFScore()])
def test_the_quick_and_the_general_way_agree(metric):
    from boostimb.search import _estimate

    y, margins, _ = fake_trials(n=400, count=3)
    counts = np.random.default_rng(0).integers(0, 3, size=(5, 400))
    table = np.stack(margins)
    want = [[metric.score(y[c > 0], z[c > 0], c[c > 0]) for z in table] for c in counts]
    np.testing.assert_allclose(_estimate._any_values(metric, y, table, counts, 1), want)
    if isinstance(metric, bi.PRAUC):
        np.testing.assert_allclose(_estimate._fast_values(metric, y, table, counts, 2), want)


def test_rows_of_one_group_say_no_more_than_one():
    """Twenty copies of each row, grouped, have the interval of the rows themselves; by themselves they seem to know more."""
    rng = np.random.default_rng(0)
    y = np.arange(200) % 5 == 0
    margins = [(y + rng.normal(size=200)).astype(np.float32) for _ in range(2)]
    scores = np.array([bi.PRAUC().score(y, each) for each in margins])

    def width(times, groups):
        copies = [np.repeat(each, times) for each in margins]
        found = estimate(np.repeat(y, times), copies[0], scores[0], copies, scores, bi.PRAUC(), 0, groups=groups, repeats=200)
        return found.interval[1] - found.interval[0]

    own, copied, grouped = width(1, None), width(20, None), width(20, np.repeat(np.arange(200), 20))
    assert copied < 0.4 * own
    assert 0.7 * own < grouped < 1.5 * own


def test_curves_that_do_not_rise():
    noise = np.random.default_rng(0).normal(size=(2, 400)) / 100
    for curves in (np.zeros((5, 400)), noise - np.arange(400) / 1000):
        rise = Rise(50)
        ended = next(n for n in range(5, 400, 5) if rise.is_over(curves[:, :n]))
        assert ended < 100
    opposite = np.stack([np.arange(400.0), -np.arange(400.0)])  # one fold gains what the other loses
    rise = Rise(50)
    assert next(n for n in range(5, 400, 5) if rise.is_over(opposite[:, :n])) == 55
