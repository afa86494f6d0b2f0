"""Models that people know, on the folds of the search: what is a boosted one worth beside them?"""

import textwrap
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from sklearn.utils import check_random_state

from boostimb.decision import crossfit_alerts, parse_decision
from boostimb.metrics import Confusion
from boostimb.model import effective_n_jobs
from boostimb.notebook import Grid, notebook_html
from boostimb.report import ModelScores, grids_of_models
from boostimb.resampling import Resampler
from boostimb.search._folds import Data, LeftOut, make_folds, numbered_groups
from boostimb.search._lever_report import WIDTH
from boostimb.table import Table, TableEncoder
from boostimb.typing import BoolArray, FloatArray, IntArray
from boostimb.validation import ClassLabels, check_labels

# Levels of a category that get a column of their own; the rarer ones share one.
_MOST_LEVELS = 30
TUNED_CUT = "a cut with the best F1 on the other folds"
_NOTES = (
    "Every number is out of fold. SMOTE makes its rows from the training rows of each fold only. Missing values are filled by the "
    "median, and categories become columns, within each fold. Balanced weights and SMOTE change the probabilities, so that 0.5 is "
    "another cut for them: compare them at the tuned cut too."
)


@dataclass(frozen=True)
class ContextReport:
    """Scores of models that people know, by `context_models`.

    ``print(report)`` shows them as text, a notebook as tables.

    Attributes
    ----------
    models : tuple of ModelScores
        One for each model; its ``half`` and ``cut`` are its decisions at 0.5 and at the tuned cut.
    y : ndarray of bool, shape (n,)
        Whether each row that a fold leaves out is positive.
    fold : ndarray of int, shape (n,)
        The first fold that leaves each of them out.
    """

    models: tuple[ModelScores, ...]
    y: BoolArray = field(repr=False, compare=False)
    fold: IntArray = field(repr=False, compare=False)

    @property
    def grids(self) -> tuple[Grid, ...]:
        """The scores as tables of text."""
        return grids_of_models(self.models, TUNED_CUT)

    @property
    def summary(self) -> str:
        """The accuracy paradox in one sentence."""
        most, best = self.models[0], max(self.models[1:], key=lambda each: each.average_precision)
        return (
            f"To say the more frequent class always is right in {most.half.accuracy:.1%} of the cases and finds "
            f"{most.half.recall:.0%} of the positives. The best ranking here is that of {best.name}: average precision "
            f"{best.average_precision:.3f} against {most.average_precision:.3f} of guessing."
        )

    def to_dict(self) -> dict[str, Any]:
        """Return what JSON can hold: summary, notes, and a list with all scores of each model."""
        models = [
            {
                **{key: value for key, value in asdict(each).items() if key not in ("half", "cut")},
                "at_half": _decision(each.half),
                "at_tuned_cut": _decision(each.cut),
            }
            for each in self.models
        ]
        return {"summary": self.summary, "notes": _NOTES, "models": models}

    def __str__(self) -> str:
        return "\n\n".join([textwrap.fill(self.summary, WIDTH), *map(str, self.grids), textwrap.fill(_NOTES, WIDTH)])

    def _repr_html_(self) -> str:
        return notebook_html("Models for context", (self.summary, *self.grids), _NOTES)


def context_models(
    X: Any,
    y: Any,
    *,
    cv: Any = 5,
    groups: ArrayLike | None = None,
    categorical_features: Any = "auto",
    pos_label: Any = None,
    n_jobs: int | None = -1,
    random_state: Any = None,
) -> ContextReport:
    """Score the models that everybody tries first, out of fold: a scale to read a boosted model's scores on.

    They are always-the-majority, logistic regression and a random forest; the last two plain, with ``class_weight="balanced"``,
    and with SMOTE in the training rows.

    Parameters
    ----------
    X, y, groups, categorical_features, pos_label
        As in `boostimb.tune`.
    cv, random_state
        As in `boostimb.tune`: with the same two, the folds are those of the search (but for one that goes on from a storage, whose
        folds are those it began with). A row that is left out several times has its mean probability.
    n_jobs : int, default -1
        Cores. The result does not depend on it.

    Returns
    -------
    ContextReport
        Prints as tables; ``to_dict()`` gives all of it.

    Raises
    ------
    ValueError
        For bad input, as in `boostimb.tune`.

    Examples
    --------
    >>> import numpy as np, boostimb as bi
    >>> X = np.random.default_rng(0).normal(size=(300, 3))
    >>> y = (X[:, 0] + X[:, 1] > 2).astype(int)
    >>> report = bi.context_models(X, y, cv=2, random_state=0)
    >>> report.models[0].name, report.models[0].half.accuracy > 0.9, report.models[0].half.recall
    ('always the majority', True, 0.0)
    """
    table = TableEncoder.fit_transform(X, categorical_features, estimator_name="context_models")[1]
    labels = check_labels(y, pos_label=pos_label, n=table.n_rows)
    if isinstance(labels, ClassLabels):
        raise ValueError(f"context_models compares models of two classes, and y holds {labels.classes.size}")
    positive, data = labels.positive, Data(table, labels.positive, None, groups=numbered_groups(groups, table.n_rows))
    seed = int(check_random_state(random_state).randint(2**31 - 1))
    folds = make_folds(data, cv, seed)
    left_out = LeftOut.of(folds)
    positive, rate = positive[left_out.rows], float(positive.mean())
    scores = [ModelScores.of("always the majority", positive, np.full(positive.size, rate), np.full(positive.size, rate > 0.5))]
    for name, resampler, make in _kinds(seed, effective_n_jobs(n_jobs)):
        parts = []
        for each in folds:
            train = table.take(each.train_rows)
            changed = resampler.resample(train, data.y[each.train_rows], random_state=seed)
            columns = _columns(train)
            model = make().fit(columns.fit_transform(changed.apply(train).values), changed.y)
            parts.append(model.predict_proba(columns.transform(table.take(each.valid_rows).values))[:, 1])
        proba = left_out.mean(folds, parts).astype(np.float64)
        scores.append(scores_by_folds(name, positive, proba, left_out.part))
    return ContextReport(tuple(scores), positive, left_out.part)


def _kinds(seed: int, n_jobs: int) -> Iterator[tuple[str, Resampler, Callable[[], Any]]]:
    """Yield the name of each model, what its training rows go through, and how it is made."""
    from sklearn.ensemble import RandomForestClassifier
    from sklearn.linear_model import LogisticRegression

    def logistic(weight: str | None) -> Any:
        return LogisticRegression(class_weight=weight, max_iter=1000)

    def forest(weight: str | None) -> Any:
        return RandomForestClassifier(class_weight=weight, random_state=seed, n_jobs=n_jobs)

    for name, make in (("logistic regression", logistic), ("random forest", forest)):
        for way, sampler, weight in (("plain", "none", None), ("balanced", "none", "balanced"), ("SMOTE", "smote", None)):
            yield f"{name}, {way}", Resampler(sampler), partial(make, weight)


def _columns(table: Table) -> Any:
    """Return what makes columns without gaps of a table, for models that take neither categories nor missing values."""
    from sklearn.compose import ColumnTransformer
    from sklearn.impute import SimpleImputer
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import OneHotEncoder, StandardScaler

    texts = list(table.categorical)
    numbers = [at for at in range(table.n_features) if at not in table.categorical]
    # A missing category is one more category, and one that the training rows do not hold counts as the rare ones.
    levels = OneHotEncoder(handle_unknown="infrequent_if_exist", max_categories=_MOST_LEVELS, sparse_output=False)
    filled = make_pipeline(SimpleImputer(strategy="median", keep_empty_features=True), StandardScaler())
    return ColumnTransformer([("numbers", filled, numbers), ("categories", levels, texts)])


def scores_by_folds(name: str, y: BoolArray, proba: FloatArray, fold: IntArray) -> ModelScores:
    """Score out-of-fold probabilities, with cuts that are chosen for F1, each on the other folds."""
    return ModelScores.of(name, y, proba, crossfit_alerts(y, proba, fold, parse_decision("f1", None, None)))


def _decision(at: Confusion) -> dict[str, float]:
    return {key: getattr(at, key) for key in ("accuracy", "precision", "recall", "f1", "mcc", "tp", "fp", "fn", "tn")}
