"""How a result shows in a notebook."""

from html import escape
from typing import TYPE_CHECKING

from boostimb.decision import ClassDecision
from boostimb.metrics import ClassConfusion, confusion_at
from boostimb.notebook import Grid, notebook_html
from boostimb.report import in_plain_words
from boostimb.search._report import chosen_by, plain_booster

if TYPE_CHECKING:
    from boostimb.search._result import TuneResult

# Rows times trials up to which the levers are compared while a cell waits, about a second.
_QUICK = 2_000_000


def said_of_plain(result: "TuneResult") -> str:
    """Return what to say where the corrected score does not reach the baseline; "" where it does."""
    sign = 1.0 if result.search_metric.greater_is_better else -1.0
    if sign * result.corrected_score_ >= sign * result.baseline_score_:
        return ""
    return (
        f"The corrected score does not reach that of the {result.baseline_name_}: out of fold, the search found nothing that is "
        "surely better."
    )


def summary_html(result: "TuneResult") -> str:
    """Return the answer, the score, the decisions, the constraints and the levers as a block of HTML."""
    at, search, decision = result.confusion(), result._finished, result._decision
    if isinstance(at, ClassConfusion) or isinstance(decision, ClassDecision):
        return f"{notebook_html('', [repr(result)])}<pre>{escape(str(at))}</pre>"
    parts: list[str | Grid] = []
    plain = plain_booster(search)
    if plain is not None:
        parts.append(f"A plain {plain[0]}, cut at 0.5: {in_plain_words(confusion_at(search.y, plain[1], 0.5))}")
    low, high = result.score_interval_
    scores = (
        ("this model, corrected for the search", f"{result.corrected_score_:.4f}", f"{low:.4f} to {high:.4f}"),
        (result.baseline_name_, f"{result.baseline_score_:.4f}", ""),
    )
    parts.append(Grid(result.metric_.replace("_", " "), ("", "out of fold", "95% interval"), scores))
    if told := said_of_plain(result):
        parts.append(told)
    parts += [at.grid, f"Precision {at.precision:.3f}, recall {at.recall:.3f}, F1 {at.f1:.3f} at the cut ({chosen_by(decision)})."]
    if result.constraint_report_:
        rows = (
            (each.bounded, f"{each.value:.4g}", "not known" if each.chance_of_missing is None else f"{each.chance_of_missing:.2g}")
            for each in result.constraint_report_
        )
        parts.append(Grid("Constraints", ("", "out of fold", "chance of missing it"), tuple(rows)))
    if search.y.size * len(search.margins) <= _QUICK:
        parts.append(result.lever_report().summary.replace(" +- ", " ± "))
    trials = result.cv_results_["trial"].size
    notes = f"{trials} trial{'s' * (trials != 1)}, {search.y.size:,} rows. result.report('report.html') shows all of it."
    return notebook_html(in_plain_words(at), parts, notes)
