"""What the fitted models share: native file endings and thread counts."""

from os import PathLike
from pathlib import Path

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
    return int(_joblib_n_jobs(-1 if n_jobs is None else n_jobs))
