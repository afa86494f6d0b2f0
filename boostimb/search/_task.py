"""What differs between two classes and several: everything else in a search is the same for both.

Two classes have labels True and False and one margin a row, shape (n,). Several have numbers 0, 1, ... and a margin for each
class, shape (n, n_classes); their calibrated margins, whose softmax is the probability, stand where two classes have log-odds.
"""

from typing import TypeAlias

import numpy as np

from boostimb.search._several_classes import SeveralClasses
from boostimb.search._two_classes import TwoClasses
from boostimb.typing import LabelArray

Task: TypeAlias = TwoClasses | SeveralClasses

_TWO, _SEVERAL = TwoClasses(), SeveralClasses()


def task_of(y: LabelArray) -> Task:
    """Return what the labels ask for.

    Examples
    --------
    >>> import numpy as np
    >>> from boostimb.search._task import task_of
    >>> type(task_of(np.array([True, False]))).__name__, type(task_of(np.array([0, 2, 1]))).__name__
    ('TwoClasses', 'SeveralClasses')
    """
    return _TWO if y.dtype == np.bool_ else _SEVERAL
