"""boostimb does not depend on PyTorch, and says so where a loss is asked for its module."""

import subprocess
import sys

import pytest

from boostimb import FocalLoss, SoftmaxFocalLoss


def test_losses_do_not_load_it():
    code = "import sys; from boostimb import FocalLoss; FocalLoss(); assert 'torch' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)


@pytest.mark.parametrize("loss", [FocalLoss(), SoftmaxFocalLoss()], ids=repr)
def test_where_it_is_missing_the_error_says_what_to_do(loss, monkeypatch):
    monkeypatch.setitem(sys.modules, "torch", None)
    monkeypatch.delitem(sys.modules, "boostimb.losses._torch", raising=False)
    with pytest.raises(ImportError, match=r"loss.torch\(\) needs PyTorch.*pip install torch"):
        loss.torch()
