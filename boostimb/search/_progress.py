"""One line that says how the search stands."""

import sys
import time
from types import TracebackType
from typing import Any, Self

from boostimb.validation import check_choice


class Progress:
    """A bar over the seconds of the budget, or over its trials where it has no seconds."""

    def __init__(self, wanted: bool | str, metric: str, n_trials: int | None, timeout: float | None) -> None:
        if not isinstance(wanted, bool):
            check_choice("progress", wanted, ("auto",))
            wanted = sys.stderr.isatty() or "ipykernel" in sys.modules
        self._metric = metric.replace("_", " ")
        self._started, self._by_trial, self._bar = time.monotonic(), timeout is None, None
        if wanted:
            self._bar = _bar(n_trials if timeout is None else max(1, round(timeout)), "trial" if timeout is None else "s")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if self._bar is not None:
            self._bar.close()

    def finished(self, n_trials: int, best: float) -> None:
        """Show that a trial ended, finished or given up: so many are finished, and the best of them scores so much."""
        if self._bar is None:
            return
        self._bar.set_postfix_str(f"{n_trials} trial{'s' * (n_trials != 1)}, best {self._metric} {best:.4f}", refresh=False)
        if self._by_trial:
            self._bar.update()
        self.tick()

    def tick(self) -> None:
        """Move the bar to the time that has passed; called every few rounds."""
        if self._bar is not None and not self._by_trial:
            self._bar.update(min(self._bar.total, round(time.monotonic() - self._started)) - self._bar.n)


def _bar(total: int | None, unit: str) -> Any:
    """Return a bar: a widget in a notebook that has widgets, else a line of text."""
    from importlib.util import find_spec

    if "ipykernel" in sys.modules and find_spec("ipywidgets") is not None:
        from tqdm.notebook import tqdm
    else:
        from tqdm import tqdm
    return tqdm(
        total=total,
        unit=unit,
        desc="boostimb.tune",
        bar_format="{l_bar}{bar}| {n_fmt}/{total_fmt} {unit}, {remaining} left{postfix}",
    )
