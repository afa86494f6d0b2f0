"""What outlives the process: the study in Optuna's storage, and the margins and models of each finished trial beside it.

A trial is finished for Optuna only after its file is in the artifact store. So whatever a kill interrupts, no finished trial is
without its margins and models, and a search that goes on has all of them.
"""

import json
import re
import tempfile
import zipfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from os import PathLike, fspath
from pathlib import Path
from typing import Any
from zlib import crc32

import numpy as np
import optuna
from optuna.artifacts import FileSystemArtifactStore, download_artifact, get_all_artifact_meta, upload_artifact

from boostimb.boosters import Model, get_booster
from boostimb.resampling import Resampler
from boostimb.search._folds import Data, Fold
from boostimb.search._space import Levers, Plan, Space
from boostimb.search._study import StorageLike
from boostimb.search._trial import Outcome

_ATTRIBUTE = "boostimb"
_MODEL = re.compile(r"fold-(\d{1,4})\.(ubj|txt|cbm)")


def artifact_folder(storage: StorageLike, artifacts: str | PathLike[str] | None) -> Path:
    """Return the folder of the trials' files: beside a storage that is a file, or as the user says.

    Raises
    ------
    ValueError
        If the storage is no file and the user says nothing.
    """
    if artifacts is not None:
        return Path(artifacts)
    text = None if isinstance(storage, optuna.storages.BaseStorage) else fspath(storage)
    if text is not None and (text.startswith("sqlite:///") or "://" not in text):
        path = Path(text.removeprefix("sqlite:///").partition("?")[0])
        return path.with_name(f"{path.name}.artifacts")
    raise ValueError(
        f"artifacts must name a folder, which all workers see, for margins and models beside a storage that is no file; got "
        f"storage={storage!r} and artifacts=None"
    )


class TrialStore:
    """The files of one study's finished trials."""

    def __init__(self, study: optuna.Study, storage: optuna.storages.BaseStorage, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._study, self._storage, self._folder = study, storage, folder
        self._files = FileSystemArtifactStore(folder)

    def seed(self, wanted: int | None) -> int:
        """Return the seed of the study: what it was begun with, unless the user wants one.

        Of a new study it comes from the name, for workers that begin together must make the same folds.
        """
        if wanted is not None:
            return wanted
        known = self._study.user_attrs.get(_ATTRIBUTE)
        return crc32(self._study.study_name.encode()) >> 1 if known is None else int(known["seed"])

    def check(self, data: Data, folds: Sequence[Fold], levers: Levers, metric: str, seed: int) -> None:
        """Write down what the study is made of, or compare it with what was written.

        Raises
        ------
        ValueError
            If the study was made of something else; the text names the difference.
        """
        from joblib import hash as content_hash

        parts = {
            "table": content_hash((data.table.values, data.table.names, data.table.categories)),
            "labels": content_hash(data.y),
            "sample_weight": content_hash(data.weight),
            "weight_evaluation": data.score_weight is not None,
            "folds (cv, groups or random_state)": content_hash([(fold.train_rows, fold.valid_rows) for fold in folds]),
            "metric": metric,
            "boosters": list(levers.boosters),
            "losses": [loss if isinstance(loss, str) else repr(loss) for loss in levers.losses],
            "resamplers": [each.name if isinstance(each, Resampler) else repr(each.sampler) for each in levers.resamplers],
            "space": _told(levers.space),
        }
        known = self._study.user_attrs.get(_ATTRIBUTE)
        if known is None:
            if self._study.get_trials(deepcopy=False):
                raise ValueError(
                    f"study {self._study.study_name!r} has trials that boostimb.tune did not make: choose another study_name"
                )
            self._study.set_user_attr(_ATTRIBUTE, {"parts": parts, "seed": seed})
            return
        different = [name for name, value in parts.items() if known["parts"].get(name) != value]
        if different:
            raise ValueError(
                f"study {self._study.study_name!r} was made of another {' and another '.join(different)}: give it what it was made "
                "of, or choose another study_name"
            )

    def keep(self, trial: optuna.Trial, outcome: Outcome) -> None:
        """Write the file of a trial that is about to be finished."""
        booster = get_booster(outcome.plan.booster)
        with tempfile.TemporaryDirectory() as scratch:
            folder = Path(scratch)
            np.save(folder / "margins.npy", outcome.margins)
            np.save(folder / "curves.npy", outcome.curves)
            about = {"n_rounds": outcome.n_rounds, "seconds": outcome.seconds}
            (folder / "about.json").write_text(json.dumps(about), encoding="utf-8")
            for at, model in enumerate(outcome.models):
                model.save(folder / f"fold-{at}.{booster.suffix}")
            packed = folder / "trial.zip"
            with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
                for file in sorted(folder.iterdir()):
                    if file != packed:
                        archive.write(file, file.name)
            upload_artifact(artifact_store=self._files, file_path=str(packed), study_or_trial=trial, mimetype="application/zip")

    def load(self, plan_of: Callable[[Mapping[str, Any]], Plan], known: set[int]) -> Iterator[tuple[Mapping[str, Any], Outcome]]:
        """Yield row and outcome of each finished trial that is not known yet, one at a time: its models may be many.

        Raises
        ------
        FileNotFoundError
            If the file of a finished trial is not there.
        ValueError
            If it is not what `keep` writes.
        """
        for trial in self._study.get_trials(deepcopy=False, states=[optuna.trial.TrialState.COMPLETE]):
            if trial.number in known:
                continue
            outcome = self._read(trial, plan_of(trial.params))
            row = {
                "trial": trial.number,
                "score": trial.value,
                "threshold": trial.user_attrs["threshold"],
                "n_rounds": outcome.n_rounds,
                "seconds": outcome.seconds,
                "params": dict(trial.params),
            }
            yield row, outcome

    def _read(self, trial: optuna.trial.FrozenTrial, plan: Plan) -> Outcome:
        metas = get_all_artifact_meta(trial, storage=self._storage)
        with tempfile.TemporaryDirectory() as scratch:
            packed, folder = Path(scratch) / "trial.zip", Path(scratch) / "content"
            try:
                download_artifact(artifact_store=self._files, artifact_id=metas[-1].artifact_id, file_path=str(packed))
            except (IndexError, optuna.artifacts.exceptions.ArtifactNotFound) as error:
                raise FileNotFoundError(f"margins and models of trial {trial.number} are not in {self._folder}") from error
            try:
                with zipfile.ZipFile(packed) as archive:
                    archive.extractall(folder)  # which keeps every path inside the folder
                about = json.loads((folder / "about.json").read_text(encoding="utf-8"))
                margins, curves = (np.load(folder / f"{name}.npy", allow_pickle=False) for name in ("margins", "curves"))
            except (zipfile.BadZipFile, OSError, ValueError) as error:
                raise ValueError(f"the file of trial {trial.number} in {self._folder} is damaged: {error}") from error
            models = _models(folder, plan.booster)
        return Outcome(plan, int(about["n_rounds"]), margins, models, curves, float(about["seconds"]))


def _told(space: Space | None) -> Any:
    """Return a space as text; two functions cannot be told apart."""
    if space is None or callable(space):
        return None if space is None else "a function"
    return {booster: {name: repr(value) for name, value in entries.items()} for booster, entries in space.items()}


def _models(folder: Path, name: str) -> tuple[Model, ...]:
    booster = get_booster(name)
    numbered = {int(match[1]): file for file in folder.iterdir() if (match := _MODEL.fullmatch(file.name))}
    return tuple(booster.load(numbered[at]) for at in sorted(numbered))
