"""What the converters make of an exported file gives the probabilities of the model; and what they refuse, they refuse."""

import catboost
import lightgbm
import numpy as np
import onnxmltools
import page
import treelite
import xgboost

import boostimb as bi

for booster, converted in {
    "xgboost": [page.of_xgboost, page.treelite_xgboost],
    "lightgbm": [page.of_lightgbm, page.treelite_lightgbm],
    "catboost": [page.of_catboost],
}.items():
    # The numbers as float32, as the converted models read them. ONNX and Treelite round the cuts to float32 too: a row with a number
    # that is a cut to float32 may go the other way, so only rows that a last digit more or less leaves where they are must agree.
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

shops = page.X.assign(shop=np.where(page.X.iloc[:, 0] > page.X.iloc[:, 0].median(), "bar", "bank"))
shops.columns = [f"f{at}" for at in range(shops.shape[1])]
shape = [("X", page.FloatTensorType([None, shops.shape[1]]))]
for booster, file, convert in (
    ("xgboost", "c.ubj", lambda path: onnxmltools.convert_xgboost(xgboost.Booster(model_file=path), initial_types=shape)),
    ("lightgbm", "c.txt", lambda path: onnxmltools.convert_lightgbm(lightgbm.Booster(model_file=path), initial_types=shape)),
    ("catboost", "c.cbm", lambda path: catboost.CatBoost().load_model(path).save_model("c.onnx", format="onnx")),
):
    # Labels that only the category explains, so that it is split on.
    labels = (shops.iloc[:, -1] == "bar").astype(int)
    bi.BoostClassifier(booster, n_rounds=5).fit(shops, labels).export(file)
    try:
        convert(file)
    except Exception as error:  # noqa: BLE001 - each converter has its own
        print(booster, "refused:", error)
    else:
        raise AssertionError(f"{booster} with categories was converted: the page says that it is refused")
