"""Model folders with something changed: they load as the original, or not at all, by an error that states a rule."""

import json
import math
import random
import shutil
from contextlib import suppress

import numpy as np
import pytest

import boostimb as bi
from boostimb.model._folder import digest

FAST, ALL = 60, 1000
ODD = (
    None, True, False, 0, 1, -1, 2, 0.5, -0.5, 1e-300, 1e29, 1e31, 1e308, math.nan, math.inf, -math.inf, 10**30, 10**400, "", "0.5",
    "fine", "xgboost", "logistic", "<f8", "O", "../x", "/etc/passwd", "member-1.txt", "\ud800", [], [0], [None], ["a", "b"], {},
    {"kind": "isotonic"},
)  # fmt: skip


def flip(folder, rng):
    file = rng.choice(sorted(folder.iterdir()))
    content = bytearray(file.read_bytes())
    for _ in range(rng.choice((1, 1, 1, 5, 50))):
        content[rng.randrange(len(content))] ^= 1 << rng.randrange(8)
    file.write_bytes(content)


def cut_short(folder, rng):
    file = rng.choice(sorted(folder.iterdir()))
    file.write_bytes(file.read_bytes()[: rng.randrange(file.stat().st_size)])


def insert(folder, rng):
    file = rng.choice(sorted(folder.iterdir()))
    content = file.read_bytes()
    a, b, at = (rng.randrange(len(content)) for _ in range(3))
    file.write_bytes(content[:at] + (content[a:b] or rng.randbytes(4)) + content[at:])


def swap(folder, rng):
    one, other = rng.sample(sorted(folder.iterdir()), 2)
    first, second = one.read_bytes(), other.read_bytes()
    one.write_bytes(second)
    other.write_bytes(first)


def move(folder, rng):
    file = rng.choice(sorted(folder.iterdir()))
    match rng.randrange(4):
        case 0:
            file.unlink()
        case 1:
            file.rename(folder / rng.choice(("member-9.txt", "member-0.cbm", "x.pkl", "__init__.py")))
        case 2:
            shutil.copy(file, folder / rng.choice(("member-3.txt", "copy.json", "model.pickle")))
        case 3:
            file.rename(folder.parent / file.name)
            file.symlink_to(folder.parent / file.name)


def edit(manifest, rng):
    """Change, add or take away an entry anywhere in the manifest."""
    place = manifest
    while True:
        key = rng.choice(list(place) if isinstance(place, dict) else range(len(place)))
        if not isinstance(place[key], dict | list) or not place[key] or rng.random() < 0.2:
            break
        place = place[key]
    match rng.randrange(6):
        case 0:
            del place[key]
        case 1 if isinstance(place, dict):
            place[rng.choice(("more", "", "__class__", "sha256"))] = rng.choice(ODD)
        case 2 if isinstance(place, list):
            place.append(rng.choice((*ODD, place[key])))
        case _:
            place[key] = rng.choice(ODD)


def edit_values(folder, rng):
    manifest = json.loads((folder / "manifest.json").read_text())
    edit(manifest, rng)
    (folder / "manifest.json").write_text(json.dumps(manifest))


def edit_values_and_checksum(folder, rng):
    manifest = json.loads((folder / "manifest.json").read_text())
    edit(manifest, rng)
    text = json.dumps(manifest)
    if not any(word in text for word in ("NaN", "Infinity")):  # no checksum is made of these
        text = json.dumps({**manifest, "sha256": digest(manifest)})
    (folder / "manifest.json").write_text(text)


MUTATIONS = (flip, cut_short, insert, swap, move, edit_values, edit_values_and_checksum)


def load(folder):
    """Return the error's text, or the model; any other exception is a failure of the test."""
    try:
        return None, bi.load(folder)
    except (ValueError, FileNotFoundError) as error:
        return str(error), None


def check_mutants(built, tmp_path, n, seed):
    """Make n mutants; return how many of them loaded."""
    model, X = built
    X = X.head(40)
    model.save(tmp_path / "original")
    want = bi.load(tmp_path / "original").predict_proba(X)
    rng, loaded = random.Random(seed), 0
    for at in range(n):
        mutate = MUTATIONS[at % len(MUTATIONS)]
        scratch = tmp_path / "mutant"
        shutil.copytree(tmp_path / "original", scratch / "model")
        mutate(scratch / "model", rng)
        said, again = load(scratch / "model")
        assert said is None or any(
            word in said for word in ("must", "was changed", "no boostimb model", "format version", "is not")
        )
        if again is not None:
            loaded += 1
            if mutate is edit_values_and_checksum:  # another model, by one who knows the format: finite, or clear about its columns
                named = hasattr(again, "feature_names_in_")
                with suppress(ValueError):
                    assert np.isfinite(
                        again.predict_proba(X.set_axis(again.feature_names_in_, axis=1) if named else X.to_numpy())
                    ).all()
            else:
                np.testing.assert_array_equal(again.predict_proba(X), want)
                np.testing.assert_array_equal(again.predict(X), model.predict(X))
        shutil.rmtree(scratch)
    return loaded


def test_mutants_load_as_the_original_or_not_at_all(built, tmp_path):
    assert check_mutants(built, tmp_path, FAST, seed=0) < FAST / 2


@pytest.mark.slow
def test_a_thousand_mutants(built, tmp_path):
    assert check_mutants(built, tmp_path, ALL, seed=1) < ALL / 2
