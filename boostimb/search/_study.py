"""Optuna's study: where it lives, and how quiet it is."""

from collections.abc import Iterator
from contextlib import contextmanager
from os import PathLike, fspath
from threading import Lock
from typing import Literal

import optuna
from optuna.storages.journal import JournalFileBackend

from boostimb.typing import Metric

# A storage of Optuna's, or how it is written.
StorageLike = str | PathLike[str] | optuna.storages.BaseStorage


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
    """Return a storage: Optuna's own, that of a database's URL, or a journal in the file of that path."""
    if isinstance(storage, optuna.storages.BaseStorage):
        return storage
    with quiet():
        if "://" in fspath(storage):
            return optuna.storages.get_storage(fspath(storage))
        return optuna.storages.JournalStorage(JournalFileBackend(fspath(storage)))


def open_study(metric: Metric, storage: optuna.storages.BaseStorage | None = None, name: str | None = None) -> optuna.Study:
    """Return the study of that name, made if it is not there."""
    direction: Literal["maximize", "minimize"] = "maximize" if metric.greater_is_better else "minimize"
    with quiet():
        return optuna.create_study(storage=storage, study_name=name, direction=direction, load_if_exists=name is not None)
