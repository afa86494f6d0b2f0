"""Reading a model's folder: everything in it is checked, and nothing in it is ever executed."""

import json
import re
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from boostimb.boosters import NAMES, get_booster
from boostimb.decision import ClassCalibration, calibration_from_dict, check_multipliers, parse_class_decision
from boostimb.model._class_ensemble import ClassEnsemble
from boostimb.model._ensemble import Ensemble
from boostimb.model._folder import FORMAT, MANIFEST, MEMBER_FILE, VERSION, sha256
from boostimb.model._members import Member
from boostimb.table import TableEncoder
from boostimb.validation import check_choice, check_number

_KEYS = {
    "format", "version", "boostimb", "dtype", "classes", "positive_index", "threshold", "table", "calibration", "members",
}  # fmt: skip
_KEYS_OF_CLASSES = _KEYS - {"positive_index"} | {"costs"}
_MEMBER_KEYS = {"booster", "file", "sha256", "weight", "scale", "offset"}


def load(path: str | PathLike[str]) -> Ensemble | ClassEnsemble:
    """Read a model that ``TuneResult.save`` or ``Ensemble.save`` wrote.

    Parameters
    ----------
    path : path-like
        The folder.

    Returns
    -------
    Ensemble or ClassEnsemble
        A classifier with ``predict`` and ``predict_proba``, of two classes or of several.

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
    several = "costs" in manifest
    _check_keys("the manifest", manifest, _KEYS_OF_CLASSES if several else _KEYS)
    if not isinstance(manifest["members"], list) or not manifest["members"]:
        raise ValueError("members must be a list with at least one entry")
    if several:
        return _of_classes(folder, manifest)
    threshold = np.inf if manifest["threshold"] is None else check_number("threshold", manifest["threshold"])
    if type(manifest["positive_index"]) is not int or manifest["positive_index"] not in (0, 1):
        raise ValueError(f"positive_index must be 0 or 1, got {manifest['positive_index']!r}")
    encoder = TableEncoder.from_dict(manifest["table"])
    return Ensemble(
        tuple(_member(folder, entry) for entry in manifest["members"]),
        encoder,
        _classes(manifest["classes"], manifest["dtype"]),
        manifest["positive_index"],
        calibration_from_dict(manifest["calibration"]),
        threshold,
    )


def _of_classes(folder: Path, manifest: dict[str, Any]) -> ClassEnsemble:
    """Return the model of several classes that a manifest tells of."""
    classes = _classes(manifest["classes"], manifest["dtype"], several=True)
    calibration, costs = ClassCalibration.from_dict(manifest["calibration"]), manifest["costs"]
    if len(calibration.offset) != classes.size:
        raise ValueError(f"the calibration must have an offset for each of {classes.size} classes, got {len(calibration.offset)}")
    if costs is not None:
        parse_class_decision("f1", None, costs, classes.size)
    return ClassEnsemble(
        tuple(_member(folder, entry, classes.size) for entry in manifest["members"]),
        TableEncoder.from_dict(manifest["table"]),
        classes,
        calibration,
        check_multipliers(manifest["threshold"], classes.size),
        None if costs is None else np.array(costs, dtype=np.float64),
    )


def _check_keys(what: str, entry: dict[str, Any], keys: set[str]) -> None:
    if set(entry) != keys:
        raise ValueError(f"{what} must have the entries {sorted(keys)}, got {sorted(map(str, entry))}")


def _classes(values: Any, dtype: Any, *, several: bool = False) -> NDArray[Any]:
    """Return the labels with the type that they had."""
    if not isinstance(dtype, str) or not re.fullmatch(r"[<>|=]?([iuf]\d{1,2}|b1|U\d{1,6}|O)", dtype):
        raise ValueError(f"dtype must be that of numbers, booleans or texts, got {dtype!r}")
    kinds: type | tuple[type, ...] = bool if dtype.endswith("b1") else str if set(dtype) & set("UO") else (int, float)
    wanted = isinstance(values, list) and (len(values) > 2 if several else len(values) == 2)
    if not wanted or not all(isinstance(v, kinds) for v in values) or len(set(values)) < len(values):
        raise ValueError(f"classes must be {'more than ' * several}two different labels of type {dtype}, got {values!r:.200}")
    return np.array(values, dtype=dtype)


def _member(folder: Path, entry: Any, n_classes: int = 2) -> Member:
    if not isinstance(entry, dict):
        raise ValueError(f"a member must be an object, got {entry!r}")
    _check_keys("a member", entry, _MEMBER_KEYS)
    name = check_choice("booster", entry["booster"], NAMES)
    if not isinstance(entry["file"], str) or not MEMBER_FILE.fullmatch(
        entry["file"]
    ):  # no other name, and no path out of the folder
        raise ValueError(f"a member's file must be called member-N.ubj, .txt or .cbm, got {entry['file']!r}")
    weight, scale = (check_number(key, entry[key]) for key in ("weight", "scale"))
    offset: float | tuple[float, ...]
    if n_classes > 2:
        offset = ClassCalibration.from_dict({"kind": "classes", "scale": 1.0, "offset": entry["offset"]}).offset
        if len(offset) != n_classes:
            raise ValueError(f"offset must have a number for each of {n_classes} classes, got {len(offset)}")
    else:
        offset = check_number("offset", entry["offset"])
    file = folder / entry["file"]
    if not file.is_file():
        raise FileNotFoundError(f"{file} is missing")
    # Checked before the booster's parser sees it: a changed file may crash one.
    if sha256(file) != entry["sha256"]:
        raise ValueError(f"{file} was changed after the model was saved: its SHA-256 is not that of the manifest")
    return Member(name, get_booster(name).load(file), weight, scale, offset)
