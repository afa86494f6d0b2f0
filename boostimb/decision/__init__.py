"""From margin to decision: calibration, thresholds, goals, costs and constraints."""

from boostimb.decision._calibrate import calibrate, calibration_from_dict
from boostimb.decision._calibration import Calibration
from boostimb.decision._constraints import Constraint, InfeasibleError, parse_constraints
from boostimb.decision._crossfit import crossfit_score
from boostimb.decision._goal import Goal
from boostimb.decision._isotonic import IsotonicCalibration
from boostimb.decision._logistic import LogisticCalibration
from boostimb.decision._parse_goal import parse_goal
from boostimb.decision._prior import prior_shift
from boostimb.decision._threshold import Threshold, best_threshold, parse_decision

__all__ = [
    "Calibration",
    "Constraint",
    "Goal",
    "InfeasibleError",
    "IsotonicCalibration",
    "LogisticCalibration",
    "Threshold",
    "best_threshold",
    "calibrate",
    "calibration_from_dict",
    "crossfit_score",
    "parse_constraints",
    "parse_decision",
    "parse_goal",
    "prior_shift",
]
