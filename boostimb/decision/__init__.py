"""From margin to decision: calibration, thresholds, goals, costs and constraints."""

from boostimb.decision._calibrate import calibrate, calibration_from_dict
from boostimb.decision._calibration import Calibration
from boostimb.decision._class_calibration import ClassCalibration
from boostimb.decision._class_decision import (
    ClassDecision,
    ClassThreshold,
    check_multipliers,
    decide,
    parse_class_decision,
)
from boostimb.decision._class_goal import ClassCosts
from boostimb.decision._confidence import CONFIDENCE
from boostimb.decision._constraints import Constraint, InfeasibleError, parse_constraints
from boostimb.decision._crossfit import crossfit_alerts, crossfit_score
from boostimb.decision._decision import Decision, Threshold, parse_decision
from boostimb.decision._goal import Goal
from boostimb.decision._isotonic import IsotonicCalibration
from boostimb.decision._logistic import LogisticCalibration
from boostimb.decision._parse_goal import WHY_NOT_ACCURACY, parse_goal
from boostimb.decision._prior import class_prior_shift, prior_shift
from boostimb.decision._report import ConstraintReport, warn_of_doubt
from boostimb.decision._threshold import best_threshold

__all__ = [
    "CONFIDENCE",
    "WHY_NOT_ACCURACY",
    "Calibration",
    "ClassCalibration",
    "ClassCosts",
    "ClassDecision",
    "ClassThreshold",
    "Constraint",
    "ConstraintReport",
    "Decision",
    "Goal",
    "InfeasibleError",
    "IsotonicCalibration",
    "LogisticCalibration",
    "Threshold",
    "best_threshold",
    "calibrate",
    "calibration_from_dict",
    "check_multipliers",
    "class_prior_shift",
    "crossfit_alerts",
    "crossfit_score",
    "decide",
    "parse_class_decision",
    "parse_constraints",
    "parse_decision",
    "parse_goal",
    "prior_shift",
    "warn_of_doubt",
]
