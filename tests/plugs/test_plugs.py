"""Every example of docs/automl.md that needs a foreign package, run from the page's text in an environment of its own.

An example NAME is its ``bash title="NAME"`` block, which installs, and its ``py title="NAME"`` blocks. check_NAME.py imports these
as the module ``page`` and looks at what they did. Slow, since each environment is downloaded: ``pytest -m slow tests/plugs``.
"""

import os
import re
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
PAGE = (ROOT / "docs" / "automl.md").read_text(encoding="utf-8")
MAMMOGRAPHY = ROOT.parent / "shared" / "data" / "mammography.parquet"
# What a check needs beside the page's own packages.
MORE = {"torch": ("pytest", "hypothesis")}


def blocks(language, name):
    return re.findall(rf'^```{language} title="{name}"\n(.*?)^```$', PAGE, re.MULTILINE | re.DOTALL)


NAMES = re.findall(r'^```bash title="(.+)"$', PAGE, re.MULTILINE)


def table():
    """The mammography table, 11,183 rows at 2.3%, where it is there; else one like it."""
    if MAMMOGRAPHY.exists():
        return pd.read_parquet(MAMMOGRAPHY)
    rng = np.random.default_rng(0)
    X = pd.DataFrame(rng.normal(size=(11_183, 6)), columns=[f"attr{at}" for at in range(1, 7)])
    score = X["attr1"] + X["attr2"] ** 2 + 0.7 * rng.normal(size=len(X))
    return X.assign(target=(score > np.quantile(score, 0.977)).astype(int))


def test_each_example_is_whole_and_checked():
    assert len(NAMES) == len(set(NAMES)) >= 7
    for name in NAMES:
        (line,) = blocks("bash", name)
        assert line.startswith("pip install ")
        assert blocks("py", name)
        assert (HERE / f"check_{name}.py").exists()
    assert len(re.findall(r"^```py\b(?!thon)", PAGE, re.MULTILINE)) == sum(len(blocks("py", name)) for name in NAMES)


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_the_example_works(name, environment, tmp_path):
    python = environment(name, blocks("bash", name)[0], *MORE.get(name, ()))
    table().to_csv(tmp_path / "table.csv", index=False)
    code = "from given import X, X_test, y, y_test\n" + "\n".join(blocks("py", name))
    (tmp_path / "page.py").write_text(re.sub(r"\btimeout=\d+", "timeout=5", code), encoding="utf-8")
    shutil.copy(HERE / "given.py", tmp_path)
    env = {key: value for key, value in os.environ.items() if not key.startswith("PYTHON")}
    env |= {"PYTHONPATH": f"{tmp_path}{os.pathsep}{ROOT}", "MPLBACKEND": "agg"}
    done = subprocess.run(
        [python, HERE / f"check_{name}.py"], cwd=tmp_path, env=env, capture_output=True, text=True, timeout=1200, check=False
    )
    assert done.returncode == 0, f"{done.stdout[-4000:]}\n{done.stderr[-8000:]}"
