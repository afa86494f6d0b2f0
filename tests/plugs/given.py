"""The table that docs/automl.md takes as given, read from the file that the test wrote: rows for training, and rows held out."""

import pandas as pd

_frame = pd.read_csv("table.csv")
_y = _frame.pop("target")
_held_out = _frame.index % 3 == 0
X, y = _frame[~_held_out].reset_index(drop=True), _y[~_held_out].reset_index(drop=True)
X_test, y_test = _frame[_held_out].reset_index(drop=True), _y[_held_out].reset_index(drop=True)
