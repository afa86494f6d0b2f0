"""What boostimb builds on in the three boosters, observed at XGBoost 3.2, LightGBM 4.7 and CatBoost 1.2.10.

None of this is promised by the boosters' documents. A test that fails after an upgrade says which line of ``boosters/`` to look at.
Facts that the tests of a part already need to hold (merging, weights as repeats, SHAP sums) are tested there.
"""

import pickle
import re
import warnings

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy.special import expit, logit
from sklearn.metrics import average_precision_score

from boostimb.boosters._lightgbm_text import merge as merge_texts


@pytest.fixture(scope="module")
def rows():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(800, 4))
    y = (rng.random(800) < expit(2 * X[:, 0] + X[:, 1] - 2)).astype(np.float32)
    return X, y


@pytest.fixture(scope="module")
def weight(rows):
    return np.where(rows[1] == 1, 3.0, 1.0).astype(np.float32)


def log_loss(raw, y, weight=None):
    p = expit(np.asarray(raw, np.float64))
    grad, hess = p - y, p * (1 - p)
    return (grad, hess) if weight is None else (grad * weight, hess * weight)


def log_loss_value(y, raw):
    return float(np.mean(np.logaddexp(0, np.where(y == 1, -raw, raw))))


def weighted_log_loss(raw, data):
    """The objective with XGBoost's arguments; no weights are an empty array."""
    return log_loss(raw, data.get_label(), data.get_weight() if data.get_weight().size else None)


XGBOOST = {"nthread": 1, "max_depth": 3, "eta": 0.3, "verbosity": 0}
LIGHTGBM = {"num_threads": 1, "num_leaves": 7, "verbosity": -1, "deterministic": True, "learning_rate": 0.2}
CATBOOST = {
    "thread_count": 1, "random_seed": 0, "verbose": 0, "allow_writing_files": False, "depth": 3, "learning_rate": 0.2,
    "bootstrap_type": "No", "random_strength": 0, "boosting_type": "Plain", "score_function": "L2",
}  # fmt: skip


class TestXGBoost:
    @pytest.fixture
    def xgb(self):
        return pytest.importorskip("xgboost")

    @pytest.fixture
    def data(self, xgb, rows):
        return xgb.DMatrix(*rows)

    def raw(self, xgb, rows, *, weight=None, n_rounds=5, objective=None, **params):
        objective = objective or (lambda raw, _: log_loss(raw, rows[1]))
        model = xgb.train({**XGBOOST, **params}, xgb.DMatrix(*rows, weight=weight), n_rounds, obj=objective)
        return model.predict(xgb.DMatrix(rows[0]), output_margin=True)

    def test_train_hands_over_float32_margins_and_the_matrix(self, xgb, rows):
        seen = []

        def objective(raw, data):
            seen.append((raw.dtype, raw.shape, type(data)))
            return log_loss(raw, rows[1])

        self.raw(xgb, rows, objective=objective, n_rounds=1)
        assert seen == [(np.float32, (800,), xgb.DMatrix)]

    def test_the_classifier_passes_weights_only_to_a_parameter_called_sample_weight(self, xgb, rows, weight):
        seen = []

        def named(y_true, y_pred, sample_weight=None):
            seen.append(sample_weight)
            return log_loss(y_pred, y_true)

        xgb.XGBClassifier(objective=named, n_estimators=1, n_jobs=1).fit(*rows, sample_weight=weight)
        assert_array_equal(seen[0], weight)
        with pytest.raises(ValueError, match="sample_weight"):
            xgb.XGBClassifier(objective=lambda y, z: log_loss(z, y), n_estimators=1, n_jobs=1).fit(*rows, sample_weight=weight)

    def test_the_classifier_starts_at_margin_0_with_a_link(self, xgb, rows):
        first = []

        def objective(y_true, y_pred):
            first.append(y_pred.copy())
            return log_loss(y_pred, y_true)

        model = xgb.XGBClassifier(objective=objective, n_estimators=2, n_jobs=1).fit(*rows)
        assert_array_equal(first[0], 0.0)
        assert_allclose(model.predict_proba(rows[0])[:, 1], expit(model.predict(rows[0], output_margin=True)), atol=1e-6)

    def test_one_nan_hessian_makes_a_model_of_nan_without_a_word(self, xgb, rows):
        def objective(raw, _):
            grad, hess = log_loss(raw, rows[1])
            hess[0] = np.nan
            return grad, hess

        assert np.isnan(self.raw(xgb, rows, objective=objective)).all()

    def test_float16_gradients_are_garbage_and_float32_and_float64_are_not(self, xgb, rows):
        def cast(dtype):
            return self.raw(xgb, rows, objective=lambda raw, _: tuple(part.astype(dtype) for part in log_loss(raw, rows[1])))

        assert_allclose(cast(np.float32), cast(np.float64), atol=1e-4)
        assert not np.abs(cast(np.float16) - cast(np.float64)).max() < 0.1

    def test_lists_as_gradients_are_refused(self, xgb, rows):
        with pytest.raises((TypeError, AttributeError)):
            self.raw(xgb, rows, objective=lambda raw, _: tuple(part.tolist() for part in log_loss(raw, rows[1])))

    def test_gradients_may_come_in_the_same_arrays_each_round(self, xgb, rows):
        grad, hess = np.empty(800, np.float32), np.empty(800, np.float32)

        def objective(raw, _):
            grad[:], hess[:] = log_loss(raw, rows[1])
            return grad, hess

        assert_allclose(self.raw(xgb, rows, objective=objective), self.raw(xgb, rows), atol=1e-5)

    def test_weights_do_not_reach_custom_gradients_but_move_the_bins(self, xgb, rows, weight):
        plain = self.raw(xgb, rows, tree_method="exact")
        assert_array_equal(self.raw(xgb, rows, weight=weight, tree_method="exact"), plain)
        few = {"tree_method": "hist", "max_bin": 8}
        assert not np.array_equal(self.raw(xgb, rows, weight=weight, **few), self.raw(xgb, rows, **few))

    def test_scale_pos_weight_does_nothing_for_a_custom_objective(self, xgb, rows):
        data, settings = xgb.DMatrix(*rows), {**XGBOOST, "objective": "binary:logistic", "base_score": 0.5}
        objective = lambda raw, _: log_loss(raw, rows[1])  # noqa: E731
        models = [xgb.train({**settings, "scale_pos_weight": w}, data, 5, obj=objective) for w in (1.0, 9.0)]
        assert_array_equal(models[0].predict(data), models[1].predict(data))

    def test_without_an_objective_string_the_start_is_a_half_and_predict_gives_margins(self, xgb, rows, data):
        first = []

        def objective(raw, _):
            first.append(raw.copy())
            return log_loss(raw, rows[1])

        model = xgb.train(XGBOOST, data, 3, obj=objective)
        assert_array_equal(first[0], 0.5)
        assert_array_equal(model.predict(data), model.predict(data, output_margin=True))

    def test_an_objective_string_and_base_score_beside_obj_are_the_native_model(self, xgb, rows, data, tmp_path):
        y = rows[1]
        settings = {**XGBOOST, "objective": "binary:logistic", "base_score": float(y.mean())}
        ours, native = xgb.train(settings, data, 10, obj=lambda raw, _: log_loss(raw, y)), xgb.train(settings, data, 10)
        assert_allclose(ours.predict(data), native.predict(data), atol=1e-6)
        ours.save_model(tmp_path / "model.ubj")
        assert_array_equal(xgb.Booster(model_file=tmp_path / "model.ubj").predict(data), ours.predict(data))

    def test_native_logistic_starts_at_the_rate_of_positives(self, xgb, rows, data):
        model = xgb.train({**XGBOOST, "objective": "binary:logistic", "eta": 1e-7}, data, 1)
        assert_allclose(model.predict(data), rows[1].mean(), rtol=1e-5)

    @pytest.mark.parametrize("custom", [True, False])
    def test_a_metric_sees_margins_beside_a_custom_objective_and_probabilities_beside_a_native_one(self, xgb, rows, data, custom):
        seen = []

        def metric(scores, _):
            seen.append(scores.copy())
            return "auc_x", 1 / 3

        history = {}
        model = xgb.train(
            {**XGBOOST, "objective": "binary:logistic", "disable_default_eval_metric": 1}, data, 2,
            obj=(lambda raw, _: log_loss(raw, rows[1])) if custom else None,
            custom_metric=metric, evals=[(data, "train")], evals_result=history, verbose_eval=False,
        )  # fmt: skip
        assert_allclose(seen[-1], model.predict(data, output_margin=custom), atol=1e-6)
        assert history["train"]["auc_x"] == [0.333333] * 2  # six decimals

    @pytest.mark.parametrize(
        ("name", "maximize", "best"),
        [("aucpr_x", None, 2), ("pre_x", None, 2), ("mapx", None, 2), ("score", None, 0), ("score", True, 2)],
    )
    def test_early_stopping_goes_up_only_for_known_beginnings_of_a_name_or_if_told(self, xgb, data, rows, name, maximize, best):
        values = iter([0.1, 0.2, 0.3, 0.2, 0.2, 0.2, 0.2])
        stop = xgb.callback.EarlyStopping(rounds=2, maximize=maximize)
        model = xgb.train(
            {**XGBOOST, "disable_default_eval_metric": 1}, data, 7, obj=lambda raw, _: log_loss(raw, rows[1]),
            custom_metric=lambda *_: (name, next(values)), evals=[(data, "t")], callbacks=[stop], verbose_eval=False,
        )  # fmt: skip
        assert model.best_iteration == best

    def test_its_own_aucpr_is_not_average_precision(self, xgb):
        y, raw = np.array([1, 0, 0, 1, 0, 0, 0, 1]), np.array([0.9, 0.8, 0.7, 0.6, 0.5, 0.4, 0.3, 0.2])
        data = xgb.DMatrix(np.zeros((8, 1)), y, base_margin=raw)
        model = xgb.Booster({"objective": "binary:logistic", "eval_metric": "aucpr", "nthread": 1}, [data])
        value = float(model.eval(data).split(":")[-1])
        assert abs(value - average_precision_score(y, raw)) > 0.01

    def test_a_quantile_matrix_keeps_its_bins_when_weights_change_and_an_empty_array_clears_them(self, xgb, rows, weight):
        X, y = rows
        data = xgb.QuantileDMatrix(X, y, max_bin=16, nthread=1)

        def raw():
            return xgb.train({**XGBOOST, "max_bin": 16}, data, 4, obj=weighted_log_loss).predict(data)

        cuts, plain = data.get_quantile_cut(), raw()
        data.set_weight(weight)
        assert not np.array_equal(raw(), plain)
        for before, after in zip(cuts, data.get_quantile_cut(), strict=True):
            assert_array_equal(after, before)
        data.set_weight(np.empty(0, np.float32))
        assert data.get_weight().size == 0
        assert_array_equal(raw(), plain)

    def test_a_quantile_matrix_keeps_its_bins_when_labels_and_margins_change(self, xgb, rows):
        X, y = rows
        data = xgb.QuantileDMatrix(X, y, max_bin=16, nthread=1)
        cuts = data.get_quantile_cut()
        data.set_label(1 - y)
        data.set_base_margin(np.full(800, -1.0, np.float32))
        for before, after in zip(cuts, data.get_quantile_cut(), strict=True):
            assert_array_equal(after, before)
        seen = []

        def objective(raw, matrix):
            seen.append((raw.copy(), matrix.get_label()))
            return log_loss(raw, matrix.get_label())

        xgb.train({**XGBOOST, "max_bin": 16}, data, 1, obj=objective)
        assert_array_equal(seen[0][0], -1.0)
        assert_array_equal(seen[0][1], 1 - y)

    def test_a_quantile_matrix_cannot_be_sliced(self, xgb, rows):
        with pytest.raises(xgb.core.XGBoostError):
            xgb.QuantileDMatrix(*rows, nthread=1).slice(np.arange(5))

    def test_a_quantile_matrix_built_by_reference_takes_the_bins(self, xgb, rows):
        X, y = rows
        whole = xgb.QuantileDMatrix(X, y, max_bin=16, nthread=1)
        part = xgb.QuantileDMatrix(X[:100], y[:100], max_bin=16, ref=whole, nthread=1)
        for a, b in zip(whole.get_quantile_cut(), part.get_quantile_cut(), strict=True):
            assert_array_equal(a, b)
        with pytest.raises(xgb.core.XGBoostError, match="bin"):
            xgb.train({**XGBOOST, "max_bin": 32}, xgb.QuantileDMatrix(X, y, max_bin=16, ref=whole, nthread=1), 1)

    def test_zero_weight_rows_equal_a_subset_and_integer_weights_repeated_rows_by_the_same_bins(self, xgb, rows):
        X, y = rows
        times = np.arange(800) % 3
        whole = xgb.QuantileDMatrix(X, y, nthread=1)
        part = xgb.QuantileDMatrix(np.repeat(X, times, axis=0), np.repeat(y, times), ref=whole, nthread=1)
        want = xgb.train(XGBOOST, part, 5, obj=weighted_log_loss).predict(xgb.DMatrix(X))
        whole.set_weight(times.astype(np.float32))
        assert_allclose(xgb.train(XGBOOST, whole, 5, obj=weighted_log_loss).predict(xgb.DMatrix(X)), want, atol=1e-5)

    def test_boost_takes_gradients_and_inplace_predict_the_margins_of_one_round(self, xgb, rows, data):
        """The route on which margins never leave a device; the arrays here are NumPy's."""
        X, y = rows
        X = X.astype(np.float32)
        settings = {**XGBOOST, "objective": "binary:logistic", "base_score": 0.3}
        model = xgb.Booster(settings, [data])
        margin = np.full(800, logit(0.3), np.float32)
        for at in range(6):
            grad, hess = log_loss(margin, y)
            model.boost(data, at, grad=grad.astype(np.float32), hess=hess.astype(np.float32))
            margin = model.inplace_predict(X, iteration_range=(at, at + 1), predict_type="margin", base_margin=margin)
        assert_allclose(margin, model.predict(data, output_margin=True), atol=1e-5)
        want = xgb.train(settings, data, 6, obj=lambda raw, _: log_loss(raw, y))
        assert_allclose(margin, want.predict(data, output_margin=True), atol=1e-5)

    def test_several_classes_take_a_start_for_each_in_base_score(self, xgb, rows):
        y = np.digitize(rows[0][:, 0], [-0.5, 1.0])
        data = xgb.DMatrix(rows[0], y)
        start = [0.5, 0.25, -0.75]
        first = []

        def objective(raw, _):
            first.append(raw.copy())
            return np.zeros_like(raw), np.ones_like(raw)

        settings = {**XGBOOST, "objective": "multi:softprob", "num_class": 3, "base_score": start}
        model = xgb.train(settings, data, 1, obj=objective)
        assert_allclose(first[0], np.tile(start, (800, 1)))
        again = xgb.Booster()
        again.load_model(model.save_raw("ubj"))
        assert_allclose(again.predict(data, output_margin=True), np.tile(start, (800, 1)), atol=1e-6)


class TestLightGBM:
    @pytest.fixture
    def lgb(self):
        return pytest.importorskip("lightgbm")

    def model(self, lgb, rows, objective=None, *, n_rounds=5, weight=None, **params):
        settings = {**LIGHTGBM, **params, "objective": objective or (lambda raw, _: log_loss(raw, rows[1]))}
        return lgb.train(settings, lgb.Dataset(*rows, weight=weight), n_rounds)

    def test_train_hands_over_float64_margins_that_start_at_0_and_the_dataset(self, lgb, rows):
        seen = []

        def objective(raw, data):
            seen.append((raw.dtype, raw.shape, isinstance(data, lgb.Dataset), np.abs(raw).max()))
            return log_loss(raw, rows[1])

        self.model(lgb, rows, objective, n_rounds=1, boost_from_average=True)
        assert seen == [(np.float64, (800,), True, 0.0)]

    def test_the_classifier_drops_the_weights_of_an_objective_with_two_parameters_and_passes_them_to_a_third(
        self, lgb, rows, weight
    ):
        def fit(objective, w):
            model = lgb.LGBMClassifier(objective=objective, n_estimators=3, n_jobs=1, verbosity=-1, deterministic=True)
            return model.fit(*rows, sample_weight=w).predict(rows[0], raw_score=True)

        two = lambda y, z: log_loss(z, y)  # noqa: E731
        assert_array_equal(fit(two, weight), fit(two, None))
        seen = []

        def three(y_true, y_pred, sample_weight):
            seen.append(sample_weight)
            return log_loss(y_pred, y_true, sample_weight)

        assert not np.array_equal(fit(three, weight), fit(two, None))
        assert_array_equal(seen[0], weight)

    def test_the_classifier_drops_class_weight_likewise_and_passes_a_group_to_a_fourth_parameter(self, lgb, rows):
        def fit(objective, class_weight):
            model = lgb.LGBMClassifier(objective=objective, class_weight=class_weight, n_estimators=3, n_jobs=1, verbosity=-1)
            return model.fit(*rows).predict(rows[0], raw_score=True)

        two = lambda y, z: log_loss(z, y)  # noqa: E731
        assert_array_equal(fit(two, {0: 1.0, 1: 9.0}), fit(two, None))
        seen = []

        def four(y_true, y_pred, weight, group):
            seen.append((weight, group))
            return log_loss(y_pred, y_true, weight)

        fit(four, {0: 1.0, 1: 9.0})
        assert_array_equal(seen[0][0], np.where(rows[1] == 1, 9.0, 1.0))
        assert seen[0][1] is None

    @pytest.mark.parametrize(
        "params",
        [
            {"scale_pos_weight": 9.0},
            {"is_unbalance": True},
            {"boost_from_average": True},
            {"pos_bagging_fraction": 0.3, "neg_bagging_fraction": 0.9, "bagging_freq": 1},
        ],
        ids=lambda params: next(iter(params)),
    )
    def test_a_parameter_that_does_nothing_for_a_custom_objective(self, lgb, rows, params):
        assert_array_equal(self.model(lgb, rows, **params).predict(rows[0]), self.model(lgb, rows).predict(rows[0]))

    def test_weights_do_not_reach_custom_gradients(self, lgb, rows, weight):
        assert_array_equal(self.model(lgb, rows, weight=weight).predict(rows[0]), self.model(lgb, rows).predict(rows[0]))

    def test_an_init_score_is_seen_by_the_objective_and_lost_to_the_model(self, lgb, rows):
        first, scored = [], []

        def objective(raw, _):
            first.append(raw.copy())
            return log_loss(raw, rows[1])

        data = lgb.Dataset(*rows, init_score=np.full(800, -1.5), free_raw_data=False)
        held = lgb.Dataset(*rows, reference=data)
        model = lgb.train(
            {**LIGHTGBM, "objective": objective, "metric": "none"}, data, 3, valid_sets=[held],
            feval=lambda raw, _: (scored.append(raw.copy()), ("x", 0.0, True))[1],
        )  # fmt: skip
        assert_array_equal(first[0], -1.5)
        assert_allclose(scored[-1], model.predict(rows[0]), atol=1e-9)  # both without the -1.5

    def test_the_classifier_warns_that_it_predicts_margins(self, lgb, rows):
        objective = lambda y, z: log_loss(z, y)  # noqa: E731
        model = lgb.LGBMClassifier(objective=objective, n_estimators=3, n_jobs=1, verbosity=-1).fit(*rows)
        with pytest.warns(UserWarning, match="customized objective"):
            margins = model.predict_proba(rows[0])
        assert margins.ndim == 1
        assert margins.min() < 0

    def test_start_in_the_first_tree_and_the_link_line_make_it_the_native_model(self, lgb, rows, tmp_path):
        X, y = rows
        init = float(logit(y.astype(np.float64).mean()))
        text = self.model(lgb, rows, lambda raw, _: log_loss(raw + init, y), n_rounds=10).model_to_string()
        assert re.search(r"^max_feature_idx=", text, re.MULTILINE)
        assert not re.search(r"^objective=binary", text, re.MULTILINE)
        native = lgb.train({**LIGHTGBM, "objective": "binary"}, lgb.Dataset(X, y), 10)
        mended = lgb.Booster(model_str=merge_texts([text], [1.0], [init]))
        assert "objective=binary sigmoid:1\n" in native.model_to_string()
        assert_allclose(mended.predict(X), native.predict(X), atol=1e-6)
        assert_allclose(mended.predict(X, pred_contrib=True).sum(axis=1), mended.predict(X, raw_score=True), atol=1e-9)
        mended.save_model(tmp_path / "model.txt")
        for again in (lgb.Booster(model_file=tmp_path / "model.txt"), pickle.loads(pickle.dumps(mended))):
            assert_array_equal(again.predict(X), mended.predict(X))

    @pytest.mark.parametrize("custom", [True, False])
    def test_a_metric_sees_margins_beside_a_custom_objective_and_probabilities_beside_a_native_one(self, lgb, rows, custom):
        seen = []

        def feval(scores, data):
            seen.append(scores.copy())
            return "x", 0.0, True

        data = lgb.Dataset(*rows, free_raw_data=False)
        objective = (lambda raw, _: log_loss(raw, rows[1])) if custom else "binary"
        settings = {**LIGHTGBM, "objective": objective, "metric": "none"}
        model = lgb.train(settings, data, 3, valid_sets=[lgb.Dataset(*rows, reference=data)], feval=feval)
        assert_allclose(seen[-1], model.predict(rows[0], raw_score=custom), atol=1e-9)

    def test_its_own_log_loss_takes_the_margins_of_a_custom_objective_for_probabilities(self, lgb, rows):
        data, history = lgb.Dataset(*rows, free_raw_data=False), {}
        model = lgb.train(
            {**LIGHTGBM, "objective": lambda raw, _: log_loss(raw, rows[1]), "metric": "binary_logloss"}, data, 5,
            valid_sets=[lgb.Dataset(*rows, reference=data)], callbacks=[lgb.record_evaluation(history)],
        )  # fmt: skip
        raw = model.predict(rows[0])
        wrong = -np.mean(np.log(np.maximum(np.where(rows[1] == 1, raw, 1 - raw), 1e-15)))
        assert history["valid_0"]["binary_logloss"][-1] == pytest.approx(wrong, rel=1e-3)

    def test_the_classifier_adds_its_own_log_loss_beside_a_custom_objective(self, lgb, rows):
        model = lgb.LGBMClassifier(objective=lambda y, z: log_loss(z, y), n_estimators=2, n_jobs=1, verbosity=-1)
        model.fit(*rows, eval_X=rows[0], eval_y=rows[1])
        assert "binary_logloss" in model.evals_result_["valid_0"]

    def test_its_average_precision_is_scikit_learns_and_1_without_a_positive(self, lgb, rows, weight):
        X = np.round(rows[0], 1)
        for y, w in ((rows[1], weight), (np.zeros(800), None)):
            data, history = lgb.Dataset(X, rows[1], free_raw_data=False), {}
            held = lgb.Dataset(X, y, weight=w, reference=data)
            model = lgb.train(
                {**LIGHTGBM, "objective": "binary", "metric": "average_precision"}, data, 3, valid_sets=[held],
                callbacks=[lgb.record_evaluation(history)],
            )  # fmt: skip
            want = average_precision_score(y, model.predict(X), sample_weight=w) if y.any() else 1.0
            assert history["valid_0"]["average_precision"][-1] == pytest.approx(want, abs=1e-9)

    def test_a_subset_takes_the_bins_of_the_whole_in_any_order_and_with_repeats(self, lgb, rows, weight):
        X, y = rows
        whole = lgb.Dataset(X, y, weight=weight, params={"max_bin": 15, "verbosity": -1, "feature_pre_filter": False}).construct()
        at = np.array([5, 5, 700, 3, 80, 5] * 40)
        part = whole.subset(at).construct()
        assert part.num_data() == 240
        for feature in range(4):
            assert part.feature_num_bin(feature) == whole.feature_num_bin(feature)
        assert_array_equal(np.sort(part.get_weight()), np.sort(weight[at]))

    def test_set_weight_of_none_or_ones_does_nothing_and_set_field_clears(self, lgb, rows, weight):
        data = lgb.Dataset(*rows, weight=weight, params={"verbosity": -1}).construct()
        for nothing in (None, np.ones(800)):
            data.set_weight(nothing)
            assert_array_equal(data.get_field("weight"), weight)
        data.set_field("weight", None)
        assert data.get_field("weight") is None

    def test_set_init_score_of_none_does_nothing_on_a_dataset_that_is_built(self, lgb, rows):
        data = lgb.Dataset(*rows, init_score=np.ones(800), params={"verbosity": -1}).construct()
        data.set_init_score(None)
        assert_array_equal(data.get_field("init_score"), 1.0)

    @pytest.mark.parametrize("params", [{"max_bin": 31}, {"min_data_in_bin": 9}], ids=lambda params: next(iter(params)))
    def test_what_a_dataset_is_built_with_cannot_change_afterwards(self, lgb, rows, params):
        data = lgb.Dataset(*rows, params={"max_bin": 15, "verbosity": -1}).construct()
        with pytest.raises(lgb.basic.LightGBMError, match=f"Cannot change {next(iter(params))}"):
            lgb.train({**LIGHTGBM, "objective": "binary", **params}, data, 1)

    def test_a_lower_least_count_needs_a_dataset_that_filtered_no_feature(self, lgb, rows):
        least = {**LIGHTGBM, "objective": "binary", "min_data_in_leaf": 5}
        for filtered in (True, False):
            data = lgb.Dataset(*rows, params={"feature_pre_filter": filtered, "min_data_in_leaf": 50, "verbosity": -1}).construct()
            if filtered:
                with pytest.raises(lgb.basic.LightGBMError, match="feature_pre_filter"):
                    lgb.train(least, data, 1)
            else:
                assert lgb.train({**least, "feature_pre_filter": False}, data, 1).num_trees() == 1

    def test_cuda_is_not_in_the_wheel(self, lgb, rows):
        with pytest.raises(lgb.basic.LightGBMError, match="CUDA"):
            self.model(lgb, rows, device_type="cuda")

    def test_integer_weights_equal_repeated_rows_only_where_no_leaf_has_a_least_count(self, lgb, rows):
        X, y = np.round(rows[0]), rows[1]
        times = np.arange(800) % 3

        def gap(least):
            raw = []
            for X_, y_, w in (
                (X, y, times.astype(float)),
                (np.repeat(X, times, axis=0), np.repeat(y, times), np.ones(times.sum())),
            ):
                settings = {**LIGHTGBM, "min_data_in_leaf": least, "min_data_in_bin": 1}
                objective = lambda z, _, y_=y_, w=w: log_loss(z, y_, w)  # noqa: E731
                raw.append(lgb.train({**settings, "objective": objective}, lgb.Dataset(X_, y_), 5).predict(X))
            return np.abs(raw[0] - raw[1]).max()

        assert gap(0) < 1e-4
        assert gap(100) > 1e-2

    def test_several_classes_pass_and_take_columns(self, lgb, rows):
        y = np.digitize(rows[0][:, 0], [-0.5, 1.0])
        seen = []

        def objective(raw, _):
            seen.append(raw.shape)
            return np.zeros_like(raw), np.ones_like(raw)

        lgb.train({**LIGHTGBM, "objective": objective, "num_class": 3}, lgb.Dataset(rows[0], y), 1)
        assert seen == [(800, 3)]


class Ders:
    """An objective of CatBoost that notes what it is given."""

    no_jit = True

    def __init__(self, signs=(-1.0, -1.0), seen=None):
        self.signs, self.seen = signs, seen

    def calc_ders_range(self, approxes, targets, weights):
        if self.seen is not None:
            self.seen.append((approxes.copy(), np.array(targets), None if weights is None else np.array(weights)))
        weights = None if weights is None else np.asarray(weights)
        return np.stack(log_loss(approxes, np.asarray(targets), weights), axis=1) * self.signs

    def __deepcopy__(self, _):
        return self  # CatBoost copies its parameters, and what was seen would be in the copy


class TestCatBoost:
    @pytest.fixture
    def cb(self):
        return pytest.importorskip("catboost")

    def fit(self, cb, data, loss=None, *, n_rounds=5, **params):
        settings = {**CATBOOST, "loss_function": loss or Ders(), "iterations": n_rounds, "eval_metric": "Logloss", **params}
        return cb.CatBoost(settings).fit(data)

    def raw(self, cb, data, loss=None, **params):
        return self.fit(cb, data, loss, **params).predict(data, prediction_type="RawFormulaVal")

    def test_an_objective_gets_float64_margins_in_chunks(self, cb, rows, weight):
        seen = []
        self.fit(cb, cb.Pool(np.tile(rows[0], (4, 1)), np.tile(rows[1], 4), weight=np.tile(weight, 4)), Ders(seen=seen), n_rounds=1)
        assert all(margins.dtype == np.float64 for margins, *_ in seen)
        assert max(margins.size for margins, *_ in seen) < 3200
        assert_array_equal(seen[0][0], 0.0)
        assert_array_equal(seen[0][2], np.where(seen[0][1] == 1, 3.0, 1.0))

    def test_signs_are_those_of_minus_the_loss_and_other_signs_diverge_without_an_error(self, cb, rows):
        data = cb.Pool(*rows)
        native = self.raw(cb, data, "Logloss", leaf_estimation_iterations=1, boost_from_average=False)
        assert_allclose(self.raw(cb, data), native, atol=1e-4)
        for signs in ((1.0, -1.0), (-1.0, 1.0)):
            assert log_loss_value(rows[1], self.raw(cb, data, Ders(signs), n_rounds=20)) > 1.0

    def test_an_objective_may_return_a_list_of_pairs(self, cb, rows):
        class Listed(Ders):
            def calc_ders_range(self, approxes, targets, weights):
                return [tuple(pair) for pair in super().calc_ders_range(approxes, targets, weights).tolist()]

        data = cb.Pool(*rows)
        assert_array_equal(self.raw(cb, data, Listed()), self.raw(cb, data))

    def test_class_weights_arrive_as_weights(self, cb, rows, weight):
        seen = []
        self.fit(cb, cb.Pool(*rows), Ders(seen=seen), n_rounds=1, class_weights=[1.0, 3.0])
        assert_array_equal(seen[0][2], np.where(seen[0][1] == 1, 3.0, 1.0))

    def test_automatic_class_weights_arrive_as_weights(self, cb, rows):
        seen = []
        self.fit(cb, cb.Pool(*rows), Ders(seen=seen), n_rounds=1, auto_class_weights="Balanced")
        ratio = (rows[1] == 0).sum() / (rows[1] == 1).sum()
        assert_allclose(seen[0][2], np.where(seen[0][1] == 1, ratio, 1.0), rtol=1e-6)

    def test_derivatives_are_not_weighted_once_more(self, cb, rows, weight):
        class Ignores(Ders):
            def calc_ders_range(self, approxes, targets, weights):
                return super().calc_ders_range(approxes, targets, None)

        plain = {"l2_leaf_reg": 0.0, "leaf_estimation_iterations": 1, "n_rounds": 1, "depth": 1}
        X, y = (rows[0][:, :1] > 0).astype(float), rows[1]  # one split there is, whatever the weights
        data, weighted = cb.Pool(X, y), cb.Pool(X, y, weight=weight)
        assert_allclose(self.raw(cb, weighted, Ignores(), **plain), self.raw(cb, data, **plain), atol=1e-6)
        assert not np.allclose(self.raw(cb, weighted, **plain), self.raw(cb, data, **plain), atol=1e-2)

    @pytest.mark.parametrize("params", [{"scale_pos_weight": 2.0}, {"boost_from_average": True}, {"eval_metric": None}], ids=str)
    def test_what_a_custom_objective_cannot_have(self, cb, rows, params):
        with pytest.raises(cb.CatBoostError):
            self.fit(cb, cb.Pool(*rows), **params)

    @pytest.mark.parametrize(("n_features", "steps"), [(19, 1), (20, 10)])
    def test_leaves_take_one_step_where_native_log_loss_takes_ten_from_twenty_features_on(self, cb, rows, n_features, steps):
        data = cb.Pool(np.random.default_rng(0).normal(size=(800, n_features)), rows[1])
        model = self.fit(cb, data)
        assert model.get_all_params()["leaf_estimation_iterations"] == 1
        native = self.fit(cb, data, "Logloss", boost_from_average=False)
        assert native.get_all_params()["leaf_estimation_iterations"] == steps
        assert_allclose(
            self.raw(cb, data, leaf_estimation_iterations=steps), native.predict(data, prediction_type="RawFormulaVal"), atol=1e-4
        )

    def test_a_baseline_is_the_start_and_the_bias_keeps_it(self, cb, rows, tmp_path):
        X, y = rows
        init = float(logit(y.astype(np.float64).mean()))
        model = self.fit(cb, cb.Pool(X, y, baseline=np.full(800, init)))
        model.set_scale_and_bias(1.0, init)
        native = self.raw(cb, cb.Pool(X, y), "Logloss", boost_from_average=True, leaf_estimation_iterations=1)
        raw = model.predict(X, prediction_type="RawFormulaVal")
        assert_allclose(raw, native, atol=1e-5)
        model.save_model(str(tmp_path / "model.cbm"))
        again = cb.CatBoost().load_model(str(tmp_path / "model.cbm"))
        assert_array_equal(again.predict(X, prediction_type="RawFormulaVal"), raw)
        assert_allclose(again.predict(X, prediction_type="Probability")[:, 1], expit(raw), atol=1e-12)

    def test_it_compiles_methods_by_itself_and_warns_where_it_cannot_unless_no_jit_is_set(self, cb, rows):
        class Loss:
            calc_ders_range = Ders.calc_ders_range
            signs, seen = -1.0, None

        with warnings.catch_warnings():
            warnings.simplefilter("error")
            self.fit(cb, cb.Pool(*rows), n_rounds=1)
        with pytest.warns(UserWarning, match="Can't opti.*calc_ders_range"):
            self.fit(cb, cb.Pool(*rows), Loss(), n_rounds=1)

    def test_its_own_focal_loss_refuses_class_weights_gamma_0_and_alpha_1_and_starts_at_0(self, cb, rows):
        data = cb.Pool(*rows)
        for loss, more in (
            ("Focal:focal_alpha=0.5;focal_gamma=2.0", {"class_weights": [1.0, 3.0]}),
            ("Focal:focal_alpha=0.5;focal_gamma=0.0", {}),
            ("Focal:focal_alpha=1.0;focal_gamma=2.0", {}),
        ):
            with pytest.raises(cb.CatBoostError):
                self.fit(cb, data, loss, n_rounds=1, **more)
        raw = self.raw(cb, data, "Focal:focal_alpha=0.5;focal_gamma=2.0", learning_rate=1e-6, n_rounds=1)
        assert_allclose(raw, 0.0, atol=1e-5)

    def test_its_own_pr_auc_rewards_ties(self):
        utils = pytest.importorskip("catboost.utils")
        (value,) = utils.eval_metric(np.arange(400) % 4 == 0, np.zeros(400), "PRAUC")
        assert value == pytest.approx(0.625)  # the rate of positives, 0.25, is the truth

    def test_a_quantized_pool_takes_new_weights_and_its_slices_stay_quantized(self, cb, rows, weight):
        pool = cb.Pool(*rows)
        pool.quantize(border_count=16)
        plain = self.raw(cb, pool)
        pool.set_weight(weight)
        assert not np.array_equal(self.raw(cb, pool), plain)
        pool.set_baseline(np.full((800, 1), -1.0))
        assert pool.slice(np.arange(50)).is_quantized()
        pool.set_baseline(np.zeros((800, 1)))
        assert_array_equal(self.raw(cb, pool, border_count=4), self.raw(cb, pool))  # ignored without a word

    def test_all_weights_times_ten_leave_the_model_as_it_is(self, cb, rows, weight):
        raw = [self.raw(cb, cb.Pool(*rows, weight=factor * weight), "Logloss", boost_from_average=False) for factor in (1, 10)]
        assert_allclose(raw[1], raw[0], atol=1e-5)

    def test_a_metric_gets_the_margins_of_a_whole_set_in_one_call(self, cb, rows, weight):
        seen = []

        class Metric:
            no_jit = True

            def __deepcopy__(self, _):
                return self

            def is_max_optimal(self):
                return True

            def evaluate(self, approxes, target, weight):
                seen.append((approxes[0].copy(), np.array(target), np.array(weight)))
                return 0.5, 1.0

            def get_final_error(self, error, weight):
                return error

        data = cb.Pool(*rows, weight=weight)
        settings = {**CATBOOST, "iterations": 2, "loss_function": "Logloss", "eval_metric": Metric(), "use_best_model": False}
        model = cb.CatBoost(settings).fit(data, eval_set=data)
        assert_allclose(seen[-1][0], model.predict(data, prediction_type="RawFormulaVal"), atol=1e-9)
        assert_array_equal(seen[-1][1], rows[1])
        assert_array_equal(seen[-1][2], weight)

    def test_a_sum_of_models_is_the_weighted_sum_of_margins(self, cb, rows):
        data = cb.Pool(*rows)
        models = [self.fit(cb, data, "Logloss", n_rounds=n) for n in (3, 6)]
        raw = [model.predict(data, prediction_type="RawFormulaVal") for model in models]
        both = cb.sum_models(models, weights=[0.3, 0.5]).predict(data, prediction_type="RawFormulaVal")
        assert_allclose(both, 0.3 * raw[0] + 0.5 * raw[1], atol=1e-9)

    def test_several_classes_take_a_row_at_a_time_and_a_bias_for_each(self, cb, rows):
        y = np.digitize(rows[0][:, 0], [-0.5, 1.0])
        seen = []

        class Multi:
            no_jit = True

            def calc_ders_multi(self, approx, target, weight):
                seen.append((len(approx), type(target), weight))
                p = np.exp(approx) / np.exp(approx).sum()
                return np.eye(3)[int(target)] - p, np.outer(p, p) - np.diag(p)

            def __deepcopy__(self, _):
                return self

        model = self.fit(cb, cb.Pool(rows[0], y), Multi(), n_rounds=2, eval_metric="MultiClass", leaf_estimation_method="Newton")
        assert seen[0][0] == 3
        raw = model.predict(rows[0], prediction_type="RawFormulaVal")
        model.set_scale_and_bias(1.0, [1.0, 0.0, -2.0])
        assert_allclose(model.predict(rows[0], prediction_type="RawFormulaVal"), raw + np.array([1.0, 0.0, -2.0]), atol=1e-9)
