"""What the fitted models share: native file endings and thread counts."""

from os import PathLike
from pathlib import Path

import numpy as np
from joblib import effective_n_jobs as _joblib_n_jobs

from boostimb.boosters import Booster

__all__ = ["check_suffix", "effective_n_jobs"]

_ENDINGS = {"xgboost": (".ubj", ".json"), "lightgbm": (".txt",), "catboost": (".cbm",)}


def check_suffix(path: str | PathLike[str], booster: Booster) -> None:
    """Raise unless the path ends as the booster's own files do."""
    allowed = _ENDINGS[booster.name]
    if Path(path).suffix not in allowed:
        raise ValueError(f"the path of a {booster.name} model must end in {' or '.join(allowed)}, got {str(path)!r}")


def effective_n_jobs(n_jobs: int | None) -> int:
    """Return the number of threads: None means all cores here, since a booster's threads share memory."""
    if n_jobs is None:
        n_jobs = -1
    if isinstance(n_jobs, bool) or not isinstance(n_jobs, int | np.integer):
        raise TypeError(f"n_jobs must be None or an integer other than 0, got {n_jobs!r}")
    if n_jobs == 0:
        raise ValueError("n_jobs must be None or an integer other than 0, got 0")
    return int(_joblib_n_jobs(n_jobs))
