"""LightGBM's model text, edited: the start value, the link function and a scale go into the file itself.

A model trained on a custom objective knows neither where it started nor that its sums are log-odds. Both have a place in
the text: the leaves of the first tree, and the line ``objective=binary sigmoid:1``. The edited text is what LightGBM itself
writes for a native model, so its plain ``predict`` gives probabilities and its SHAP values add up.
"""

import re
from collections.abc import Callable

_TREE = re.compile(r"^Tree=(\d+)\n", re.MULTILINE)
_END = "end of trees"
_LINK = "objective=binary sigmoid:1"


def affine(text: str, scale: float, shift: float) -> str:
    """Return the text of the model with margins ``scale * raw + shift`` and a logistic link."""
    head, trees, tail = _split(text)
    if scale != 1.0:
        trees = [_map_values(tree, lambda value: scale * value) for tree in trees]
    if shift != 0.0:
        trees[0] = _map_values(trees[0], lambda value: value + shift)
    return _join(head, trees, tail)


def _split(text: str) -> tuple[str, list[str], str]:
    """Cut a model text into its head, its trees and all that follows them."""
    end = text.index(_END)
    starts = [match.start() for match in _TREE.finditer(text, 0, end)]
    trees = [text[a:b] for a, b in zip(starts, [*starts[1:], end], strict=True)]
    return text[: starts[0]], trees, text[end:]


def _join(head: str, trees: list[str], tail: str) -> str:
    """Put the parts together again, with the byte length of each tree that the loader reads by."""
    sizes = " ".join(str(len(tree.encode())) for tree in trees)
    lines = [f"tree_sizes={sizes}" if line.startswith("tree_sizes=") else line for line in head.split("\n")]
    if not any(line.startswith("objective=") for line in lines):
        at = next(i for i, line in enumerate(lines) if line.startswith("max_feature_idx="))
        lines.insert(at + 1, _LINK)
    return "\n".join(lines) + "".join(trees) + tail


def _map_values(tree: str, change: Callable[[float], float]) -> str:
    """Apply ``change`` to the values of leaves and inner nodes; the latter are what SHAP measures from."""

    def line(match: re.Match[str]) -> str:
        return match[1] + " ".join(repr(float(change(float(value)))) for value in match[2].split())

    return re.sub(r"^((?:leaf|internal)_value=)(.*)$", line, tree, flags=re.MULTILINE)
