"""Tables that Hypothesis makes: each gives a model with finite probabilities, or an error that states a rule."""

import re
import tempfile
from dataclasses import dataclass
from typing import Any

import hypothesis.strategies as st
import numpy as np
import pandas as pd
import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings

import boostimb as bi
from boostimb.boosters import NAMES

FAST, ALL = 40, 2000
SPACE = {
    "lightgbm": {"learning_rate": 1.0, "num_leaves": 4, "min_data_in_leaf": 1},
    "xgboost": {"learning_rate": 1.0, "max_depth": 2},
    "catboost": {"learning_rate": 1.0, "depth": 2},
}
# How an error of ours, or of scikit-learn where its words are used, states what must be.
RULE = re.compile(
    r"\bmust\b|\bshould\b|\bneeds?\b|expects|Expected 2D|minimum of|data not supported|Only binary|contains infinity|mixes|"
    r"cannot hold|holds dates|each argument|takes columns of numbers only|inconsistent numbers|requires y|different categories|"
    r"float32, up to"
)


def rarely(odd, usual):
    """One of ``odd`` in a few of the draws; else one of ``usual``."""
    return st.integers(0, 24).flatmap(lambda at: st.sampled_from(odd if at == 0 else usual))


COLUMNS = rarely(
    ("infinite", "huge", "tiny", "beyond_int64", "mixed", "dates", "bytes", "complex", "lists", "long_text"),
    ("float", "float", "int", "float32", "bool", "text", "category", "nullable_int", "nullable_bool", "string", "constant",
     "missing", "distinct_text", "empty_text", "label", "number_category", "zeros", "none"),
)  # fmt: skip
LABELS = rarely(
    ("nan", "none", "three", "one", "continuous", "two_columns", "short", "mixed", "nullable_missing", "infinite", "empty"),
    ("int", "int", "bool", "minus", "float", "text", "objects", "series", "category", "nullable", "list", "column", "empty_text"),
)
WEIGHTS = rarely(
    ("negative", "nan", "infinite", "short", "text", "two_columns", "zeros", "tiny", "large", "enormous", "zero_for_positives"),
    ("none", "none", "none", "ones", "random", "some_zeros", "integers"),
)
CONTAINERS = ("pandas", "pandas", "pandas", "polars", "polars", "float64", "float32", "int", "objects", "list")
GROUPS = rarely(("short", "nan", "none_inside", "one", "two_columns"), ("none", "none", "none", "pairs", "texts", "five"))
NAMES_OF_COLUMNS = rarely(("duplicate", "mixed", "empty", "numbers"), ("plain", "plain", "json", "unicode", "long", "blank"))


@dataclass(frozen=True)
class Case:
    """What a table is made of; the values follow from the seed."""

    seed: int
    n_rows: int
    n_pos: int
    columns: tuple[str, ...]
    missing: float
    container: str
    names: str
    labels: str
    weights: str
    groups: str
    booster: str
    resampler: str
    loss: str
    cv: int
    options: tuple[tuple[str, Any], ...]
    by_tune: bool

    def positive(self):
        y = np.zeros(self.n_rows, dtype=bool)
        y[np.random.default_rng(self.seed).permutation(self.n_rows)[: self.n_pos]] = True
        return y

    def table(self):
        rng, n = np.random.default_rng(self.seed + 1), self.n_rows
        columns = [self._column(kind, rng) for kind in self.columns]
        names = [NAME[self.names](at) for at in range(len(columns))]
        if self.container == "pandas":
            frame = pd.concat([pd.Series(c) for c in columns], axis=1) if columns else pd.DataFrame(index=range(n))
            frame.columns = names
            return frame
        if self.container == "polars":
            texts = [str(name) for name in names]
            if len(set(texts)) < len(texts):
                texts = [f"c{at}" for at in range(len(texts))]  # polars itself allows no other
            return pl.DataFrame([_polars(name, c) for name, c in zip(texts, columns, strict=True)])
        rows = np.empty((n, len(columns)), dtype=object)
        for at, column in enumerate(columns):
            values = np.empty(n, dtype=object)
            values[:] = list(column)
            rows[:, at] = values
        if self.container == "list":
            return rows.tolist()
        if self.container == "objects" or "complex" in self.columns:  # of which NumPy would drop the imaginary part
            return rows
        try:
            with np.errstate(over="ignore"):  # what float32 cannot hold is infinite
                return rows.astype({"float64": float, "float32": np.float32, "int": int}[self.container])
        except (TypeError, ValueError, OverflowError):
            return rows  # NumPy itself has no such array

    def _column(self, kind, rng):
        n = self.n_rows
        values = rng.normal(size=n)
        absent = rng.random(n) < self.missing
        texts = np.array(["a", "b", "c d", "é", "a=b"], dtype=object)[rng.integers(5, size=n)]

        def objects(values):
            made = np.empty(n, dtype=object)
            made[:] = [None if gone else value for gone, value in zip(absent, values, strict=True)]
            return made

        match kind:
            case "float":
                return np.where(absent, np.nan, values)
            case "float32":
                return np.where(absent, np.nan, values).astype(np.float32)
            case "int":
                return rng.integers(-5, 5, size=n)
            case "bool":
                return values > 0
            case "text":
                return objects(texts)
            case "category":
                return pd.Categorical(objects(texts), categories=["unused", "a", "b", "c d", "é", "a=b"])
            case "number_category":
                return pd.Categorical(np.where(absent, np.nan, rng.integers(3, size=n)))
            case "nullable_int":
                return pd.array([None if gone else int(10 * v) for gone, v in zip(absent, values, strict=True)], dtype="Int64")
            case "nullable_bool":
                return pd.array([None if gone else v > 0 for gone, v in zip(absent, values, strict=True)], dtype="boolean")
            case "string":
                return pd.array(objects(texts), dtype="string")
            case "constant":
                return np.full(n, 3.5)
            case "zeros":
                return np.where(values > 0, 0.0, -0.0)
            case "missing":
                return np.full(n, np.nan)
            case "none":
                return np.full(n, None, dtype=object)
            case "distinct_text":
                return objects([f"customer {at}" for at in range(n)])
            case "long_text":
                return objects(["x" * 5000 + str(at % 3) for at in range(n)])
            case "empty_text":
                return objects(["" if v > 0 else " " for v in values])
            case "label":
                return self.positive().astype(float)
            case "infinite":
                return np.where(np.arange(n) == 0, np.inf, values)
            case "huge":
                return np.where(absent, np.nan, values * 1e300)
            case "tiny":
                return np.where(absent, np.nan, values * 1e-300)
            case "beyond_int64":
                return objects([10 ** int(25 + v) for v in values])
            case "mixed":
                return objects([at if at % 2 else str(at) for at in range(n)])
            case "dates":
                return pd.date_range("2020-01-01", periods=n).to_numpy()
            case "bytes":
                return objects([b"x"] * n)
            case "complex":
                return values + 1j
            case "lists":
                return objects([[at] for at in range(n)])
        raise AssertionError(kind)

    def y(self):
        y = self.positive()
        n = y.size
        as_float = y.astype(float)
        match self.labels:
            case "int":
                return y.astype(int)
            case "bool":
                return y
            case "minus":
                return np.where(y, 1, -1)
            case "float":
                return as_float
            case "text":
                return np.where(y, "yes", "no")
            case "empty_text":
                return np.where(y, "yes", "")
            case "objects":
                return np.where(y, "yes", "no").astype(object)
            case "series":
                return pd.Series(y.astype(int), index=np.arange(n)[::-1])
            case "category":
                return pd.Series(np.where(y, "yes", "no"), dtype="category")
            case "nullable":
                return pd.array(y, dtype="boolean")
            case "list":
                return y.astype(int).tolist()
            case "column":
                return y.astype(int)[:, None]
            case "nan":
                return np.where(np.arange(n) == 0, np.nan, as_float)
            case "infinite":
                return np.where(np.arange(n) == 0, np.inf, as_float)
            case "none":
                return np.array([None, *y.astype(int).tolist()[1:]], dtype=object)
            case "nullable_missing":
                return pd.array([None, *y.astype(int).tolist()[1:]], dtype="Int64")
            case "three":
                return np.arange(n) % 3
            case "one":
                return np.ones(n, dtype=int)
            case "continuous":
                return np.random.default_rng(self.seed).normal(size=n)
            case "two_columns":
                return np.column_stack([y, ~y]).astype(int)
            case "short":
                return y[1:].astype(int)
            case "mixed":
                return np.array(["a", *y.astype(int).tolist()[1:]], dtype=object)
            case "empty":
                return []
        raise AssertionError(self.labels)

    def sample_weight(self):
        rng, n = np.random.default_rng(self.seed + 2), self.n_rows
        weight = rng.uniform(0.5, 2.0, n)
        match self.weights:
            case "none":
                return None
            case "ones":
                return np.ones(n)
            case "random":
                return weight
            case "integers":
                return rng.integers(1, 4, size=n)
            case "some_zeros":
                return np.where(weight < 0.8, 0.0, weight)
            case "negative":
                return weight - 1.0
            case "nan":
                return np.where(np.arange(n) == 0, np.nan, weight)
            case "infinite":
                return np.where(np.arange(n) == 0, np.inf, weight)
            case "short":
                return weight[1:]
            case "text":
                return ["heavy"] * n
            case "two_columns":
                return np.column_stack([weight, weight])
            case "zeros":
                return np.zeros(n)
            case "tiny":
                return weight * 1e-12
            case "large":
                return weight * 1e6
            case "enormous":
                return weight * 1e35
            case "zero_for_positives":
                return np.where(self.positive(), 0.0, weight)
        raise AssertionError(self.weights)

    def group_labels(self):
        n = self.n_rows
        match self.groups:
            case "none":
                return None
            case "pairs":
                return np.arange(n) // 2
            case "texts":
                return np.array([f"g{at % 7}" for at in range(n)], dtype=object)
            case "five":
                return np.arange(n) % 5
            case "one":
                return np.zeros(n)
            case "short":
                return np.arange(n)[1:]
            case "nan":
                return np.where(np.arange(n) % 4 == 0, np.nan, np.arange(n) // 2)
            case "none_inside":
                return np.array([None if at % 4 == 0 else f"g{at % 7}" for at in range(n)], dtype=object)
            case "two_columns":
                return np.zeros((n, 2))
        raise AssertionError(self.groups)


def _polars(name, column):
    """The column as polars has it; what it cannot hold becomes a column of Python objects."""
    values = list(column) if not isinstance(column, np.ndarray) else column
    if not isinstance(column, np.ndarray):
        values = [None if value is pd.NA or value != value else value for value in values]
    try:
        return pl.Series(name, values)
    except (TypeError, pl.exceptions.PolarsError, OverflowError):
        return pl.Series(name, list(values), dtype=pl.Object)


NAME = {
    "plain": lambda at: f"c{at}",
    "json": lambda at: f'c[{at}]{{,":<>',
    "unicode": lambda at: "é" * (at + 1),
    "long": lambda at: "c" * 300 + str(at),
    "blank": lambda at: " " * (at + 1),
    "duplicate": lambda at: "c",
    "mixed": lambda at: at if at % 2 else f"c{at}",
    "empty": lambda at: "",
    "numbers": lambda at: at,
}
OPTIONS = (
    (),
    (),
    (),
    (("refit", "single"),),
    (("refit", "bag"),),
    (("calibration", "isotonic"),),
    (("goal", "mcc"),),
    (("constraints", (("recall", ">=0.9"),)),),
    (("categorical_features", (0,)),),
    (("cost_matrix", ((0, 1), (5, 0))),),
)


@st.composite
def cases(draw):
    n_rows = draw(rarely((0, 1, 2, 3, 5, 9), (12, 20, 30, 45, 60)))
    n_pos = draw(st.integers(0, max(1, n_rows // 2))) if draw(st.integers(0, 5)) == 0 else max(n_rows // 5, min(4, n_rows))
    n_columns = draw(rarely((0,), (1, 2, 3, 4, 6)))
    return Case(
        seed=draw(st.integers(0, 2**16)),
        n_rows=n_rows,
        n_pos=n_pos,
        columns=tuple(draw(COLUMNS) for _ in range(n_columns)),
        missing=draw(st.sampled_from((0.0, 0.0, 0.2, 0.9))),
        container=draw(st.sampled_from(CONTAINERS)),
        names=draw(NAMES_OF_COLUMNS),
        labels=draw(LABELS),
        weights=draw(WEIGHTS),
        groups=draw(GROUPS),
        booster=draw(st.sampled_from(NAMES)),
        resampler=draw(
            st.sampled_from(
                ("none", "none", "none", "under", "over", "smote", "smotenc", "borderline_smote", "adasyn", "tomek", "smote_tomek")
            )
        ),
        loss=draw(st.sampled_from(("log_loss", "log_loss", "focal", "asymmetric"))),
        cv=draw(st.sampled_from((2, 3))),
        options=draw(st.sampled_from(OPTIONS)),
        by_tune=draw(st.integers(0, 2)) > 0,
    )


def fit(case, X, y):
    """Return the model."""
    if not case.by_tune:
        losses = {"log_loss": bi.LogLoss(), "focal": bi.FocalLoss(), "asymmetric": bi.AsymmetricLoss()}
        resampler = None if case.resampler == "none" else case.resampler
        model = bi.BoostClassifier(
            case.booster, losses[case.loss], resampler=resampler, params=SPACE[case.booster], n_rounds=10, n_jobs=1, random_state=0
        )
        return model.fit(X, y, sample_weight=case.sample_weight())
    named = {"text", "empty_text", "objects", "category"}
    options = {key: dict(value) if key == "constraints" else value for key, value in case.options}
    result = bi.tune(
        X,
        y,
        booster=case.booster,
        losses=case.loss,
        resamplers=case.resampler,
        cv=case.cv,
        groups=case.group_labels(),
        sample_weight=case.sample_weight(),
        space={case.booster: SPACE[case.booster]},
        pos_label="yes" if case.labels in named else None,
        n_trials=1,
        timeout=None,
        n_jobs=1,
        progress=False,
        random_state=0,
        **options,
    )
    assert np.isfinite(result.oof_proba_).all()
    assert np.isfinite([result.best_score_, result.corrected_score_, *result.score_interval_]).all()
    with tempfile.TemporaryDirectory() as folder:
        result.save(folder)
        np.testing.assert_allclose(bi.load(folder).predict_proba(X), result.predict_proba(X), atol=1e-9)
    return result


def check(case):
    """Return whether the table gave a model."""
    X, y = case.table(), case.y()
    try:
        model = fit(case, X, y)
    except (ValueError, TypeError) as error:
        said = str(error)
        if not RULE.search(said):
            raise
        return False
    proba = model.predict_proba(X)
    assert proba.shape == (case.n_rows, 3 if case.labels == "three" else 2)
    assert np.isfinite(proba).all()
    assert ((proba >= 0) & (proba <= 1)).all()
    assert set(model.predict(X).tolist()) <= set(model.classes_.tolist())
    return True


def share_of_models(n):
    """Check n tables; return the share of those that gave a model, and not a rule."""
    gave_model = []

    @settings(max_examples=n, deadline=60_000, suppress_health_check=list(HealthCheck))
    @given(case=cases())
    def each(case):
        gave_model.append(check(case))

    each()
    return np.mean(gave_model)


# What boostimb says to the user about these tables is no failure; a warning of NumPy's from inside is one.
quiet = pytest.mark.filterwarnings("ignore::UserWarning", "ignore:a model of all rows was left out:RuntimeWarning")


@quiet
def test_a_model_or_a_rule():
    assert share_of_models(FAST) > 0.2


@quiet
@pytest.mark.slow
def test_two_thousand_tables():
    assert share_of_models(ALL) > 0.4
