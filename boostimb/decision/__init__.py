"""From margin to decision: thresholds, goals, constraints, costs and calibration."""

from boostimb.decision._calibration import LogisticCalibration
from boostimb.decision._constraints import Constraint, parse_constraints
from boostimb.decision._goal import Goal, parse_goal
from boostimb.decision._threshold import Threshold, best_threshold

__all__ = [
    "Constraint",
    "Goal",
    "LogisticCalibration",
    "Threshold",
    "best_threshold",
    "parse_constraints",
    "parse_goal",
]
