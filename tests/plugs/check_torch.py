"""The net learned, and the whole suite of the losses in PyTorch passes here."""

import os
import subprocess
import sys
from pathlib import Path

import page

import boostimb as bi

assert page.value.item() < page.criterion(0 * page.net(page.inputs).squeeze(1), page.labels).item()
assert bi.average_precision(page.y, page.proba) > 0.3  # 0.023 by chance
root = Path(bi.__file__).parents[1]
tests = [root / "tests" / "losses" / name for name in ("test_torch.py", "test_without_torch.py")]
subprocess.run([sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *tests], cwd=root, env=os.environ, check=True)
