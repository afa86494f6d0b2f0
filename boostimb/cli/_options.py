"""What the package says of its arguments, as a shell calls them."""

import re

# Arguments of `boostimb.tune` and the options that set them.
_OPTIONS = {
    "booster": "--booster",
    "confidence": "--confidence",
    "cv": "--folds",
    "goal": "--goal",
    "groups": "--groups",
    "metric": "--metric",
    "n_jobs": "--n-jobs",
    "n_trials": "--trials",
    "pos_label": "--pos-label",
    "random_state": "--seed",
    "resamplers": "--resamplers",
    "sample_weight": "--weights",
    "timeout": "--timeout",
}
_CALLED = "|".join(_OPTIONS)
_WRITTEN = "|".join(name for name in _OPTIONS if "_" in name)  # these are no words of English
# Names in quotes are columns of the user's.
_GIVEN = re.compile(rf"(?<!['\w.])({_CALLED})=(?=[\w'])")
_NAMED = re.compile(rf"(?<!['\w.])(?:({_CALLED})(?:=|(?= must\b))|({_WRITTEN})(?![\w']))")
# Ways out that a shell does not have.
_ONLY_IN_PYTHON = (
    "; confidence=None asks of these rows only",
    ", or a cost_matrix given instead",
    ", or another cv",
    " a callable(y_true, y_pred),",
)
_PHRASES = (
    (re.compile("|".join(map(re.escape, _ONLY_IN_PYTHON))), ""),
    (re.compile(r"(?:constraints=)?\{'(\w+)': '([^']*)'\}"), r"--constraint '\1\2'"),
    (re.compile(r"(?:an? )?\bcost_matrix\b"), "--cost-fp and --cost-fn"),
    (re.compile(r"\bcv=(?=sklearn)"), "in Python by "),
    (re.compile(r"\bdrop (it|the column)\b"), r"drop \1 (--drop)"),
    (re.compile(r"\bDrop duplicates\b"), "Drop duplicates (--drop-duplicates)"),
    (re.compile(r"\bcompare best_score_ with it\b"), "compare the score out of fold with it"),
)


def in_options(text: str) -> str:
    """Return a text of the package with options in the place of arguments.

    Examples
    --------
    >>> in_options("cv=5 needs at least 5 positives")
    '--folds 5 needs at least 5 positives'
    >>> in_options("bound it by constraints={'precision': '>=...'}, or drop it")
    "bound it by --constraint 'precision>=...', or drop it (--drop)"
    """
    for pattern, option in _PHRASES:
        text = pattern.sub(option, text)
    text = _GIVEN.sub(lambda match: f"{_OPTIONS[match[1]]} ", text)
    return _NAMED.sub(lambda match: _OPTIONS[match[1] or match[2]], text)
