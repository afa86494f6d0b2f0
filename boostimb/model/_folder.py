"""The folder of a saved model: ``manifest.json`` and the boosters' own files, written completely or not at all."""

import hashlib
import json
import re
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import boostimb
from boostimb.boosters import Model, get_booster

FORMAT, VERSION, MANIFEST = "boostimb model", 1, "manifest.json"
MEMBER_FILE = re.compile(r"member-\d{1,5}\.(ubj|txt|cbm)")


def write_folder(path: Path, content: Mapping[str, Any], members: Sequence[tuple[Mapping[str, Any], Model]]) -> None:
    """Write a model's own entries, and for each member its entries and its file."""
    _check_place(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=path.parent, prefix=f".{path.name}-") as scratch:
        folder = Path(scratch) / "model"
        folder.mkdir()
        entries = []
        for at, (entry, model) in enumerate(members):
            file = folder / f"member-{at}.{get_booster(entry['booster']).suffix}"
            model.save(file)
            entries.append({**entry, "file": file.name, "sha256": sha256(file)})
        manifest = {"format": FORMAT, "version": VERSION, "boostimb": boostimb.__version__, **content, "members": entries}
        manifest["sha256"] = digest(manifest)
        (folder / MANIFEST).write_text(json.dumps(manifest, indent=1, allow_nan=False), encoding="utf-8")
        there, old = path.exists(), Path(scratch) / "old"
        if there:
            path.rename(old)  # and out of the way only now, when the new one is whole
        try:
            folder.rename(path)
        except OSError:
            if there:
                old.rename(path)
            raise


def _check_place(path: Path) -> None:
    """Raise unless ``path`` is free or an empty folder, or holds a saved model and nothing else."""
    if not path.exists():
        return
    if not path.is_dir():
        raise FileExistsError(f"{path} exists and holds no boostimb model: it is a file; choose another path")
    foreign = [entry.name for entry in path.iterdir() if entry.name != MANIFEST and not MEMBER_FILE.fullmatch(entry.name)]
    if foreign:
        raise FileExistsError(
            f"{path} exists and holds no boostimb model alone: {foreign[0]!r} would be lost; choose another folder"
        )
    if any(path.iterdir()) and not _is_manifest(path / MANIFEST):
        raise FileExistsError(
            f"{path} exists and holds no boostimb model: it has no {MANIFEST} of the format {FORMAT!r}; choose another folder"
        )


def _is_manifest(file: Path) -> bool:
    """Whether the file says that it is the manifest of a saved model."""
    if not file.is_file():
        return False
    try:
        content = json.loads(file.read_text(encoding="utf-8"))
    except (ValueError, RecursionError):  # no JSON, no UTF-8, or lists in lists without end
        return False
    return isinstance(content, dict) and content.get("format") == FORMAT


def digest(manifest: Mapping[str, Any]) -> str:
    """Return the hash of a manifest's values, but for the entry that holds the hash itself."""
    content = {key: value for key, value in manifest.items() if key != "sha256"}
    return hashlib.sha256(json.dumps(content, sort_keys=True, allow_nan=False).encode()).hexdigest()


def sha256(file: Path) -> str:
    """Return the hash by which a changed file is found out."""
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
