"""What the kernels of losses and metrics share: they are kept on disk where they can be, and work where they cannot."""

import subprocess
import sys

import pytest

NO_FOLDER = "from numba.core import caching; caching.FunctionCache._impl_class._locator_classes = []; import boostimb as bi; "


@pytest.mark.parametrize(
    ("call", "want"),
    [
        ("bi.LogLoss().grad_hess([1], [0.0])[0].tolist()", "[-0.5]"),
        ("bi.average_precision([0, 1, 0], [0.9, 0.5, 0.1])", "0.5"),
    ],
)
def test_kernels_work_where_numba_has_no_folder_for_its_cache(call, want):
    """As in a container whose code and home are read-only."""
    code = f"{NO_FOLDER}print({call})"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == want
