"""Reading a model's folder: everything in it is checked, and nothing in it is ever executed."""

import json
import re
from collections.abc import Sequence
from itertools import pairwise
from math import isfinite
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from boostimb.boosters import NAMES, get_booster
from boostimb.decision import (
    Calibration,
    ClassCalibration,
    LogisticCalibration,
    calibration_from_dict,
    check_multipliers,
    parse_class_decision,
)
from boostimb.model._class_ensemble import ClassEnsemble
from boostimb.model._ensemble import Ensemble
from boostimb.model._folder import FORMAT, MANIFEST, VERSION, digest, sha256
from boostimb.model._members import Member
from boostimb.table import Table, TableEncoder
from boostimb.validation import check_choice

_KEYS = {
    "format", "version", "boostimb", "dtype", "classes", "positive_index", "threshold", "table", "calibration", "members", "sha256",
}  # fmt: skip
_KEYS_OF_CLASSES = _KEYS - {"positive_index"} | {"costs"}
_MEMBER_KEYS = {"booster", "file", "sha256", "weight", "scale", "offset"}
# Weights, scales and offsets up to this, over margins of float32, keep every sum and product finite.
_LARGEST = 1e30


def load(path: str | PathLike[str]) -> Ensemble | ClassEnsemble:
    """Read a model that ``TuneResult.save`` or ``Ensemble.save`` wrote.

    Parameters
    ----------
    path : path-like
        The folder, or the one that ``boostimb tune --out`` wrote, which holds it as ``model``.

    Returns
    -------
    Ensemble or ClassEnsemble
        A classifier with ``predict`` and ``predict_proba``, of two classes or of several.

    Raises
    ------
    FileNotFoundError
        If there is no such folder, or it has no manifest.
    ValueError
        If a file was changed, cut short, added or taken away, is a link, or the manifest is not one that this version writes.
    ImportError
        If a booster of the model is not installed.

    Notes
    -----
    Nothing in the folder is unpickled or executed. The checksums tell a damaged model, before a booster's parser sees it; they
    are no signature: whoever can write the folder can write a model that says what they like.

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
    if not (folder / MANIFEST).exists() and (folder / "model" / MANIFEST).exists():
        folder /= "model"
    manifest = _read_manifest(folder)
    several, members = "costs" in manifest, manifest["members"]
    if not isinstance(members, list) or not members:
        raise ValueError(f"members must be a list with at least one entry, got {members!r:.80}")
    if not isinstance(manifest["boostimb"], str):
        raise ValueError(f"boostimb must be the version that wrote the model, got {manifest['boostimb']!r}")
    classes, encoder = _classes(manifest["classes"], manifest["dtype"], several=several), TableEncoder.from_dict(manifest["table"])
    for at, entry in enumerate(members):
        _check_member(at, entry, classes.size)

    def found() -> tuple[Member, ...]:
        _check_files(folder, members)
        row = Table(np.zeros((1, encoder.n_features)), encoder.names, encoder.categories)
        return tuple(_member(folder, entry, row, (1, classes.size) if several else (1,)) for entry in members)

    if several:
        of_classes, costs = _class_calibration(manifest["calibration"], classes.size), _costs(manifest["costs"], classes.size)
        multipliers = check_multipliers(manifest["threshold"], classes.size)
        return ClassEnsemble(found(), encoder, classes, of_classes, multipliers, costs)
    positive = manifest["positive_index"]
    if type(positive) is not int or positive not in (0, 1):
        raise ValueError(f"positive_index must be 0 or 1, got {positive!r}")
    threshold = np.inf if manifest["threshold"] is None else _number("threshold", manifest["threshold"])
    calibration = _calibration(manifest["calibration"])
    return Ensemble(found(), encoder, classes, positive, calibration, threshold)


def _read_manifest(folder: Path) -> dict[str, Any]:
    """Return what the manifest says, once its format, version, checksum and entries are as they should be."""
    path = folder / MANIFEST
    if not path.is_file():
        raise FileNotFoundError(f"no boostimb model at {folder}: it has no {MANIFEST}")
    try:
        manifest = json.loads(
            path.read_text(encoding="utf-8"), object_pairs_hook=_object, parse_constant=_finite, parse_int=_int, parse_float=_finite
        )
    except (ValueError, RecursionError) as error:  # also what is no UTF-8, and lists in lists without end
        raise ValueError(f"{path} is not a JSON file of finite numbers: {error}") from None
    if not isinstance(manifest, dict) or manifest.get("format") != FORMAT:
        raise ValueError(f"{path} is not the manifest of a boostimb model: its format must be {FORMAT!r}")
    if type(manifest.get("version")) is not int or manifest["version"] != VERSION:
        raise ValueError(f"this boostimb reads models of format version {VERSION}, got {manifest.get('version')!r}")
    if manifest.get("sha256") != digest(manifest):
        raise ValueError(f"{path} was changed after the model was saved: its SHA-256 must be that of its entries")
    _check_keys("the manifest", manifest, _KEYS_OF_CLASSES if "costs" in manifest else _KEYS)
    return manifest


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Refuse an entry that is there twice, of which one reader takes the first and another the last."""
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError(f"an entry must be there once, and one of {sorted(found)} is there twice")
    return found


def _finite(text: str) -> float:
    if not isfinite(value := float(text)):
        raise ValueError(f"numbers must be finite, got {text:.40}")
    return value


def _int(text: str) -> int:
    _finite(text)
    return int(text)


def _check_keys(what: str, entry: dict[str, Any], keys: set[str]) -> None:
    if set(entry) != keys:
        raise ValueError(f"{what} must have the entries {sorted(keys)}, got {sorted(entry)}")


def _number(name: str, value: Any) -> float:
    if type(value) not in (int, float) or abs(value) > _LARGEST:
        raise ValueError(f"{name} must be a number from {-_LARGEST:g} to {_LARGEST:g}, got {value!r:.80}")
    return float(value)


def _calibration(content: Any) -> Calibration:
    calibration = calibration_from_dict(content)
    if isinstance(calibration, LogisticCalibration):
        for name in ("scale", "offset"):
            _number(f"the calibration's {name}", getattr(calibration, name))
    return calibration


def _class_calibration(content: Any, n_classes: int) -> ClassCalibration:
    calibration = ClassCalibration.from_dict(content)
    _number("the calibration's scale", calibration.scale)
    _offsets("the calibration's offset", list(calibration.offset), n_classes)
    return calibration


def _offsets(name: str, values: Any, n_classes: int) -> tuple[float, ...]:
    if not isinstance(values, list) or len(values) != n_classes:
        raise ValueError(f"{name} must be a list of {n_classes} numbers, one for each class, got {values!r:.80}")
    return tuple(_number(name, each) for each in values)


def _costs(values: Any, n_classes: int) -> NDArray[np.float64] | None:
    if values is None:
        return None
    parse_class_decision("f1", None, values, n_classes)
    return np.array([[_number("costs", each) for each in row] for row in values])


def _classes(values: Any, dtype: Any, *, several: bool) -> NDArray[Any]:
    """Return the labels with the type that they had."""
    if not isinstance(dtype, str) or not re.fullmatch(r"[<>|=]?([iu][1248]|f[248]|b1|U[1-9]\d{0,5}|O)", dtype):
        raise ValueError(f"dtype must be that of numbers, booleans or texts, got {dtype!r:.80}")
    kinds: set[type] = {bool} if dtype.endswith("b1") else {str} if set(dtype) & set("UO") else {int, float}
    rule = f"classes must be {'more than ' * several}two labels of type {dtype}, the lesser first"
    if (
        not isinstance(values, list)
        or (len(values) < 3 if several else len(values) != 2)
        or not {type(value) for value in values} <= kinds
    ):
        raise ValueError(f"{rule}, got {values!r:.80}")
    try:
        classes = np.array(values, dtype=dtype)
    except OverflowError:
        raise ValueError(f"{rule}, got {values!r:.80}") from None
    if classes.tolist() != values or not all(a < b for a, b in pairwise(values)):
        raise ValueError(f"{rule}, got {values!r:.80}")
    return classes


def _check_member(at: int, entry: Any, n_classes: int) -> None:
    """Raise unless an entry names a booster, and its file as `save` does: no other name, and so no path out of the folder."""
    if not isinstance(entry, dict):
        raise ValueError(f"a member must be an object, got {entry!r:.80}")
    _check_keys("a member", entry, _MEMBER_KEYS)
    name = check_choice("booster", entry["booster"], NAMES)
    own = f"member-{at}.{get_booster(name).suffix}"
    if entry["file"] != own:
        raise ValueError(f"the file of member {at} must be called {own}, got {entry['file']!r:.80}")
    for key in ("weight", "scale"):
        if _number(key, entry[key]) <= 0:
            raise ValueError(f"{key} must be > 0, got {entry[key]!r}")
    if n_classes == 2:
        _number("offset", entry["offset"])
    else:
        _offsets("offset", entry["offset"], n_classes)


def _check_files(folder: Path, members: Sequence[dict[str, Any]]) -> None:
    """Raise unless the folder holds the files of the manifest, unchanged, and no other.

    All of them are checked before any booster's parser sees one: a changed file may crash it.
    """
    wanted, there = {MANIFEST, *(entry["file"] for entry in members)}, {each.name: each for each in folder.iterdir()}
    if set(there) != wanted:
        wrong = [f"{name} is missing" for name in sorted(wanted - set(there))]
        wrong += [f"{name} is none of them" for name in sorted(set(there) - wanted)]
        raise ValueError(f"{folder} must hold the files that its manifest names and no other: {', '.join(wrong[:5])}")
    for file in there.values():
        if file.is_symlink() or not file.is_file():
            raise ValueError(f"{file} must be a file, and neither a link nor a folder")
    for entry in members:
        if sha256(there[entry["file"]]) != entry["sha256"]:
            raise ValueError(
                f"{there[entry['file']]} was changed after the model was saved: its SHA-256 must be that of the manifest"
            )


def _member(folder: Path, entry: dict[str, Any], row: Table, shape: tuple[int, ...]) -> Member:
    """Return a member, or raise unless it reads rows such as ``row`` and gives margins of that shape for it."""
    file = folder / entry["file"]
    model = get_booster(entry["booster"]).load(file)
    if model.n_features != row.n_features:
        raise ValueError(f"{file} must be a model of {row.n_features} features, as the manifest says, and has {model.n_features}")
    try:
        found = model.raw(row, n_jobs=1).shape
    except ValueError as error:
        raise ValueError(f"{file} must be a model of the columns that the manifest names: {error}") from error
    if found != shape:
        raise ValueError(
            f"{file} must be a model of as many classes as the manifest: a row has margins of shape {found}, not {shape}"
        )
    offset = tuple(map(float, entry["offset"])) if isinstance(entry["offset"], list) else float(entry["offset"])
    return Member(entry["booster"], model, float(entry["weight"]), float(entry["scale"]), offset)
