"""LightGBM's model text, edited: start value, link function, and several models as one.

A model trained on a custom objective knows neither where it started nor that its sums are log-odds. Both have a place in
the text: the leaves of the first tree, and the line ``objective=binary sigmoid:1``. The edited text is what LightGBM itself
writes for a native model, so its plain ``predict`` gives probabilities and its SHAP values add up.
"""

import re
from collections.abc import Sequence

_TREE = re.compile(r"^Tree=\d+$", re.MULTILINE)
_VALUES = re.compile(r"^((?:leaf|internal)_value=)(.*)$", re.MULTILINE)  # SHAP measures from the inner ones
_END = "end of trees"
_LINK = "objective=binary sigmoid:1"
_LINK_OF_CLASSES = "objective=multiclass num_class:{}"
# The parameters of the training, below the trees, name the objective once more: that is where converters look.
_PARAMETER = re.compile(r"^\[objective: .*\]$", re.MULTILINE)


def merge(texts: Sequence[str], weights: Sequence[float], shifts: Sequence[float]) -> str:
    """Return the text of the model whose margin is the weighted sum of the models' margins plus a shift.

    Two classes have one margin and one shift, several have one for each class.
    """
    head, _, tail = _split(texts[0])
    trees = [_linear(tree, weight, 0.0) for text, weight in zip(texts, weights, strict=True) for tree in _split(text)[1]]
    # The trees of a round stand in the order of the classes.
    trees[: len(shifts)] = [_linear(tree, 1.0, shift) for tree, shift in zip(trees, shifts, strict=False)]
    trees = [_TREE.sub(f"Tree={at}", tree, count=1) for at, tree in enumerate(trees)]
    return _joined(head, trees, tail, _LINK if len(shifts) == 1 else _LINK_OF_CLASSES.format(len(shifts)))


def _joined(head: str, trees: Sequence[str], tail: str, link: str) -> str:
    """Put the parts of a model text together again, with a link function."""
    lines = [line for line in head.split("\n") if not line.startswith(("objective=", "tree_sizes="))]
    at = next(i for i, line in enumerate(lines) if line.startswith("max_feature_idx="))
    lines.insert(at + 1, link)
    # The loader cuts the trees by their byte lengths.
    lines.insert(-2, "tree_sizes=" + " ".join(str(len(tree.encode())) for tree in trees))
    name = link.removeprefix("objective=").split()[0]
    return "\n".join(lines) + "".join(trees) + _PARAMETER.sub(f"[objective: {name}]", tail)


def _split(text: str) -> tuple[str, list[str], str]:
    """Cut a model text into its head, its trees and all that follows them."""
    end = text.index(_END)
    starts = [match.start() for match in _TREE.finditer(text, 0, end)]
    return text[: starts[0]], [text[a:b] for a, b in zip(starts, [*starts[1:], end], strict=True)], text[end:]


def _linear(tree: str, scale: float, shift: float) -> str:
    """Return a tree with the values ``scale * value + shift``."""
    if (scale, shift) == (1.0, 0.0):
        return tree

    def line(match: re.Match[str]) -> str:
        return match[1] + " ".join(repr(float(scale * float(value) + shift)) for value in match[2].split())

    return _VALUES.sub(line, tree)
