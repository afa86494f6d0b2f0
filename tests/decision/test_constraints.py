"""Constraints as values, how they are written, and what is said where none can be kept."""

import pytest

from boostimb.decision import Constraint, InfeasibleError, best_threshold, parse_constraints

Y, SCORE = [0, 0, 1, 0, 1], [0.1, 0.2, 0.3, 0.4, 0.5]


def test_how_they_are_written():
    written = {"recall": ">=0.9", "alerts": " <= 1 %", "mcc": ">=-0.5", "precision": ">=1e-1"}
    assert parse_constraints(written) == (
        Constraint("recall", ">=", 0.9),
        Constraint("alerts", "<=", 0.01),
        Constraint("mcc", ">=", -0.5),
        Constraint("precision", ">=", 0.1),
    )
    for budget in ("<=50/20000", "<= 50 / 20000", "<=50 per 20000", "<=50/20_000", "<=50/2e4", "<=0.25%"):
        assert parse_constraints({"alerts": budget}) == (Constraint("alerts", "<=", 0.0025),)
    assert parse_constraints({"recall": ">=9/10"}) == (Constraint("recall", ">=", 0.9),)
    assert parse_constraints(None) == parse_constraints({}) == ()
    assert parse_constraints(parse_constraints(written)) == parse_constraints(written)
    assert str(Constraint("recall", ">=", 0.9)) == "recall >= 0.9"


@pytest.mark.parametrize(
    ("written", "says"),
    [
        ({"accuracy": ">=0.9"}, "must be one of alerts, .*got 'accuracy'"),
        ({"recall": "0.9"}, "'>=' or '<=' and a share, such as '>=0.9', '>=90%' or '>=9/10', got '0.9'"),
        ({"recall": 0.9}, "got 0.9"),
        ({"recall": ">0.9"}, "got '>0.9'"),
        ({"recall": ">=e"}, "got '>=e'"),
        ({"alerts": 50}, "the bound on alerts must be '>=' or '<=' and a share, such as '<=0.01', '<=1%' or '<=50/20000', got 50"),
        ({"alerts": "<=50/"}, "the bound on alerts must be .*got '<=50/'"),
        ({"alerts": "<=50/0"}, "the bound on alerts must be .*got '<=50/0'"),
        ({"alerts": "<=-50/-20000"}, "the bound on alerts must be"),
        ({"alerts": "<=50/20,000"}, "the bound on alerts must be"),
        ({"alerts": "<=5%/100"}, "the bound on alerts must be"),
        ({"alerts": "50 a day"}, "the bound on alerts must be"),
        ({"alerts": "<=50"}, r"alerts must lie in \[0, 1\], got 50; a budget of 50 alerts in 20000 cases is '<=50/20000'"),
        ({"alerts": "<=50/20"}, r"alerts must lie in \[0, 1\], got 2.5"),
        ({"recall": ">=90"}, r"the bound on recall must lie in \[0, 1\], got 90"),
        ({"mcc": ">=-2"}, r"the bound on mcc must lie in \[-1, 1\], got -2"),
        ("recall>=0.9", "constraints must be a dict"),
    ],
)
def test_what_cannot_be_read_is_refused(written, says):
    with pytest.raises(ValueError, match=says):
        parse_constraints(written)


def test_an_infeasible_one_names_what_can_be_reached():
    with pytest.raises(
        InfeasibleError, match=r"no threshold keeps precision >= 0.9; the highest precision is 0.5, at threshold 0.25"
    ):
        best_threshold([0, 0, 1, 1, 0, 0], [0.1, 0.2, 0.3, 0.3, 0.4, 0.5], constraints={"precision": ">=0.9"})
    with pytest.raises(InfeasibleError) as caught:
        best_threshold(Y, SCORE, constraints={"recall": ">=0.9", "alerts": "<=0.5"})
    assert "no threshold keeps recall >= 0.9 and alerts <= 0.5" in str(caught.value)
    assert "with alerts <= 0.5 the highest recall is 0.5, at threshold 0.45" in str(caught.value)
    assert "with recall >= 0.9 the lowest alerts is 0.6, at threshold 0.25" in str(caught.value)


def test_it_says_so_where_none_of_several_can_be_kept():
    with pytest.raises(InfeasibleError, match=r"no threshold keeps precision >= 1 and mcc >= 1$"):
        best_threshold([1, 0], [0.1, 0.2], constraints={"precision": ">=1", "mcc": ">=1"})
