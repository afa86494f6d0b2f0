"""A decision in words."""

from boostimb.metrics import Confusion


def in_plain_words(at: Confusion) -> str:
    """Say what the decisions come to, per so many cases that the numbers are neither 0 nor huge.

    Examples
    --------
    >>> from boostimb.metrics import confusion_at
    >>> at = confusion_at([1] * 20 + [0] * 980, [0.9] * 17 + [0.1] * 3 + [0.9] * 4 + [0.1] * 976, 0.5)
    >>> in_plain_words(at)
    'Of 1,000 cases it flags 21, 17 of them rightly, and misses 3.'
    """
    cases = at.tp + at.fp + at.fn + at.tn
    per = 1000
    while per < 1_000_000 and per * (at.tp + at.fn) / cases < 5:
        per *= 10
    flagged, right, missed = (round(per * count / cases) for count in (at.tp + at.fp, at.tp, at.fn))
    return f"Of {per:,} cases it flags {flagged:,}, {right:,} of them rightly, and misses {missed:,}."
