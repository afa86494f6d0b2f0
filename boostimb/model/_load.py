"""Reading a model's folder: everything in it is checked, and nothing in it is ever executed."""

import json
import re
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from boostimb.boosters import NAMES, get_booster
from boostimb.decision import calibration_from_dict
from boostimb.model._ensemble import Ensemble, Member
from boostimb.model._folder import FORMAT, MANIFEST, MEMBER_FILE, VERSION, sha256
from boostimb.table import TableEncoder
from boostimb.validation import check_choice, check_number

_KEYS = {
    "format", "version", "boostimb", "dtype", "classes", "positive_index", "threshold", "table", "calibration", "members",
}  # fmt: skip
_MEMBER_KEYS = {"booster", "file", "sha256", "weight", "scale", "offset"}


def load(path: str | PathLike[str]) -> Ensemble:
    """Read a model that ``TuneResult.save`` or ``Ensemble.save`` wrote.

    Parameters
    ----------
    path : path-like
        The folder.

    Returns
    -------
    Ensemble
        A classifier with ``predict`` and ``predict_proba``.

    Raises
    ------
    FileNotFoundError
        If there is no such folder, or a file of it is missing.
    ValueError
        If a file was changed, or the manifest is not one that this version writes.
    ImportError
        If a booster of the model is not installed.

    Examples
    --------
    >>> import tempfile, numpy as np, boostimb as bi
    >>> X = np.random.default_rng(0).normal(size=(400, 2))
    >>> y = (X[:, 0] + X[:, 1] > 2).astype(int)
    >>> result = bi.tune(X, y, booster="lightgbm", n_trials=1, cv=3, progress=False, random_state=0)
    >>> folder = tempfile.mkdtemp()
    >>> result.save(folder)
    >>> bool((bi.load(folder).predict(X) == result.predict(X)).all())
    True
    """
    folder = Path(path)
    if not (folder / MANIFEST).is_file():
        raise FileNotFoundError(f"no boostimb model at {folder}: it has no {MANIFEST}")
    try:
        manifest = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
    except ValueError as error:  # also what is no UTF-8
        raise ValueError(f"{folder / MANIFEST} is not a JSON file: {error}") from None
    if not isinstance(manifest, dict) or manifest.get("format") != FORMAT:
        raise ValueError(f"{folder / MANIFEST} is not the manifest of a boostimb model")
    if manifest.get("version") != VERSION:
        raise ValueError(f"this boostimb reads models of format version {VERSION}, got {manifest.get('version')!r}")
    _check_keys("the manifest", manifest, _KEYS)
    threshold = np.inf if manifest["threshold"] is None else check_number("threshold", manifest["threshold"])
    if type(manifest["positive_index"]) is not int or manifest["positive_index"] not in (0, 1):
        raise ValueError(f"positive_index must be 0 or 1, got {manifest['positive_index']!r}")
    if not isinstance(manifest["members"], list) or not manifest["members"]:
        raise ValueError("members must be a list with at least one entry")
    encoder = TableEncoder.from_dict(manifest["table"])
    return Ensemble(
        tuple(_member(folder, entry) for entry in manifest["members"]),
        encoder,
        _classes(manifest["classes"], manifest["dtype"]),
        manifest["positive_index"],
        calibration_from_dict(manifest["calibration"]),
        threshold,
    )


def _check_keys(what: str, entry: dict[str, Any], keys: set[str]) -> None:
    if set(entry) != keys:
        raise ValueError(f"{what} must have the entries {sorted(keys)}, got {sorted(map(str, entry))}")


def _classes(values: Any, dtype: Any) -> NDArray[Any]:
    """Return the labels with the type that they had."""
    if not isinstance(dtype, str) or not re.fullmatch(r"[<>|=]?([iuf]\d{1,2}|b1|U\d{1,6}|O)", dtype):
        raise ValueError(f"dtype must be that of numbers, booleans or texts, got {dtype!r}")
    kinds: type | tuple[type, ...] = bool if dtype.endswith("b1") else str if set(dtype) & set("UO") else (int, float)
    if not isinstance(values, list) or len(values) != 2 or values[0] == values[1] or not all(isinstance(v, kinds) for v in values):
        raise ValueError(f"classes must be two different labels of type {dtype}, got {values!r}")
    return np.array(values, dtype=dtype)


def _member(folder: Path, entry: Any) -> Member:
    if not isinstance(entry, dict):
        raise ValueError(f"a member must be an object, got {entry!r}")
    _check_keys("a member", entry, _MEMBER_KEYS)
    name = check_choice("booster", entry["booster"], NAMES)
    if not isinstance(entry["file"], str) or not MEMBER_FILE.fullmatch(
        entry["file"]
    ):  # no other name, and no path out of the folder
        raise ValueError(f"a member's file must be called member-N.ubj, .txt or .cbm, got {entry['file']!r}")
    numbers = [check_number(key, entry[key]) for key in ("weight", "scale", "offset")]
    file = folder / entry["file"]
    if not file.is_file():
        raise FileNotFoundError(f"{file} is missing")
    # Checked before the booster's parser sees it: a changed file may crash one.
    if sha256(file) != entry["sha256"]:
        raise ValueError(f"{file} was changed after the model was saved: its SHA-256 is not that of the manifest")
    return Member(name, get_booster(name).load(file), *numbers)
