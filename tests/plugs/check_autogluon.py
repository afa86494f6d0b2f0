"""AutoGluon trained our models beside its own, and scored all by our metric."""

import numpy as np
import page

import boostimb as bi

rows = page.predictor.leaderboard(page.TabularDataset(page.X_test.assign(target=page.y_test))).set_index("model")
ours = [name for name in rows.index if name.startswith("FocalBooster")]
assert len(ours) == 2, rows
assert any(name.startswith("LightGBM") for name in rows.index), rows
for name in ours:
    proba = page.predictor.predict_proba(page.X_test, model=name)[1]
    np.testing.assert_allclose(rows.loc[name, "score_test"], bi.average_precision(page.y_test, proba))
    assert rows.loc[name, "score_test"] > 0.3  # 0.023 by chance
