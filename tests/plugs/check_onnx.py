"""What the converters make of an exported file gives the probabilities of the model; and what they refuse, they refuse."""

import catboost
import lightgbm
import numpy as np
import onnxmltools
import onnxruntime
import page
import pandas as pd
import treelite
import xgboost

import boostimb as bi

for booster, converted in {
    "xgboost": [page.of_xgboost, page.treelite_xgboost],
    "lightgbm": [page.of_lightgbm, page.treelite_lightgbm],
    "catboost": [page.of_catboost],
}.items():
    # The numbers as float32, as the converted models read them. ONNX rounds the cuts to float32 too: a row with a number that is a
    # cut to float32 may go the other way, so only rows that a last digit more or less leaves where they are must agree.
    model = page.fitted(booster)
    proba = model.predict_proba(page.rows)[:, 1]
    moved = [model.predict_proba(np.nextafter(page.rows, np.float32(way)))[:, 1] for way in (-np.inf, np.inf)]
    firm = (np.abs(np.subtract(moved, proba)) < 1e-9).all(axis=0)
    print(booster, f"{firm.mean():.2%} of the rows are on no cut", [int((np.abs(each - proba) > 1e-5).sum()) for each in converted])
    assert proba[firm].max() > 0.5
    assert firm.mean() > 0.5
    for each in converted:
        np.testing.assert_allclose(each[firm], proba[firm], atol=1e-5)
assert not [name for name in dir(treelite.frontend) if "catboost" in name.lower()]

# Labels that only the category explains, so that it is split on.
rng = np.random.default_rng(0)
shops = pd.DataFrame({"f0": rng.normal(size=600), "f1": rng.choice(list("abcdefgh"), 600)})
labels = shops["f1"].isin(list("beh")).astype(int)
codes = np.column_stack([shops["f0"], shops["f1"].map("abcdefgh".index)]).astype(np.float32)
shape = [("X", page.FloatTensorType([None, 2]))]
for booster, file, convert in (
    ("xgboost", "c.ubj", lambda path: onnxmltools.convert_xgboost(xgboost.Booster(model_file=path), initial_types=shape)),
    (
        "lightgbm",
        "c.txt",
        lambda path: onnxmltools.convert_lightgbm(lightgbm.Booster(model_file=path), initial_types=shape, zipmap=False),
    ),
):
    model = bi.BoostClassifier(booster, n_rounds=5).fit(shops, labels)
    model.export(file)
    session = onnxruntime.InferenceSession(convert(file).SerializeToString())
    np.testing.assert_allclose(session.run(None, {"X": codes})[-1][:, 1], model.predict_proba(shops)[:, 1], atol=1e-5)
bi.BoostClassifier("catboost", n_rounds=5).fit(shops, labels).export("c.cbm")
try:
    catboost.CatBoost().load_model("c.cbm").save_model("c.onnx", format="onnx")
except catboost.CatBoostError as error:
    refusal = str(error)
else:
    refusal = ""
assert "categorical" in refusal, "the page says that CatBoost refuses to write ONNX with categories"
