"""Optuna's study: where it lives, and how quiet it is."""

import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from os import PathLike, fspath
from threading import Lock
from typing import Literal

import optuna
from optuna.storages.journal import JournalFileBackend, JournalRedisBackend

from boostimb.typing import Metric

# A storage of Optuna's, or how it is written.
StorageLike = str | PathLike[str] | optuna.storages.BaseStorage
# How often a database is opened that other workers make their tables in meanwhile, and the seconds in between.
_OPENINGS, _PAUSE = 10, 0.1


_lock, _before = Lock(), list[int]()


@contextmanager
def quiet() -> Iterator[None]:
    """Keep Optuna's log lines back for a while: the progress bar says it all, and failures are raised.

    The verbosity is one for the program: of searches side by side, the last to end gives it back.
    """
    with _lock:
        _before.append(optuna.logging.get_verbosity())
        optuna.logging.set_verbosity(optuna.logging.ERROR)
    try:
        yield
    finally:
        with _lock:
            level = _before.pop()  # that of the first one is at the bottom
            if not _before:
                optuna.logging.set_verbosity(level)


def open_storage(storage: StorageLike) -> optuna.storages.BaseStorage:
    """Return a storage: Optuna's own, that of a database's URL, a journal in Redis, or one in the file of that path.

    Raises
    ------
    ValueError
        If nothing opens at that URL; the text says what its library said.
    """
    if isinstance(storage, optuna.storages.BaseStorage):
        return storage
    url = fspath(storage)
    with quiet():
        if "://" not in url:
            return optuna.storages.JournalStorage(JournalFileBackend(url))
        if url.startswith(("redis://", "rediss://")):
            return _redis_journal(url)
        # SQLAlchemy comes with Optuna, and loads when a database is asked for.
        from sqlalchemy import NullPool
        from sqlalchemy.exc import SQLAlchemyError, StatementError

        # Without a pool no connection to a server stays open when the search is over; a trial asks for few.
        pool = {} if url.startswith("sqlite") else {"poolclass": NullPool}
        left = _OPENINGS
        while True:
            left -= 1
            try:
                return optuna.storages.RDBStorage(url, engine_kwargs=pool)
            except SQLAlchemyError as error:
                # Of workers that begin a database together, each makes its tables, and the others find them there already. A
                # database that does not answer has got no statement.
                if left and isinstance(error, StatementError) and error.statement is not None:
                    time.sleep(_PAUSE)
                    continue
                said = str(error).strip().split("\n")[0]
                raise ValueError(f"storage must be a URL at which a database answers, got {url!r}: {said}") from error


def _redis_journal(url: str) -> optuna.storages.BaseStorage:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)  # tests/search/test_databases.py runs it
        backend = JournalRedisBackend(url)
    # Only the first read connects.
    from redis.exceptions import RedisError

    try:
        return optuna.storages.JournalStorage(backend)
    except RedisError as error:
        raise ValueError(f"storage must be a URL at which Redis answers, got {url!r}: {error}") from error


def open_study(metric: Metric, storage: optuna.storages.BaseStorage | None = None, name: str | None = None) -> optuna.Study:
    """Return the study of that name, made if it is not there."""
    direction: Literal["maximize", "minimize"] = "maximize" if metric.greater_is_better else "minimize"
    with quiet():
        return optuna.create_study(storage=storage, study_name=name, direction=direction, load_if_exists=name is not None)
