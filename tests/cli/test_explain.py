"""`boostimb explain`: what each column adds, row for row and on average."""

import numpy as np
import pandas as pd
import pytest

import boostimb as bi
from boostimb.cli import _pieces


@pytest.fixture(scope="module")
def parts(run, frame):
    return bi.load(run[0] / "model").contributions(frame.drop(columns="bought"))


@pytest.mark.parametrize("rows", [100_000, 170])
def test_the_columns_of_a_row_sum_to_its_score(rows, run, table, parts, tmp_path, invoke, monkeypatch):
    monkeypatch.setattr(_pieces, "ROWS", rows)
    result = invoke("explain", run[0], table, "--top", 2, "--out", tmp_path / "e.csv")
    assert result.exit_code == 0, result.output
    invoke("predict", run[0], table, "--out", tmp_path / "d.csv", "--only")
    reasons, answers = pd.read_csv(tmp_path / "e.csv"), pd.read_csv(tmp_path / "d.csv")
    assert list(reasons) == ["row", "score", "probability", "decision", "start", "amount", "job", "others"]
    assert reasons["row"].tolist() == list(range(600))
    pd.testing.assert_frame_equal(reasons[list(answers)], answers, atol=1e-9)
    np.testing.assert_allclose(reasons.loc[:, "start":].sum(axis=1), reasons["score"], atol=1e-9)
    np.testing.assert_allclose(reasons["amount"], parts[:, 0])
    assert f"600 rows explained. Written to {tmp_path / 'e.csv'}." in result.stderr


def test_the_averages_over_the_table_are_printed(run, table, parts, invoke):
    lines = invoke("explain", run[0], table, "--top", 1).stdout.splitlines()
    amount, others = (next(line.split() for line in lines if word in line) for word in ("amount", "3 others"))
    mean = np.abs(parts).mean(axis=0)
    assert float(amount[1]) == pytest.approx(mean[0], abs=1e-4)
    assert float(others[3]) == pytest.approx(mean[1:4].sum(), abs=1e-4)


def test_what_is_refused(run, table, frame, tmp_path, refused):
    assert "holds no boostimb model" in refused("explain", tmp_path, table)
    assert "--out must end in .csv" in refused("explain", run[0], table, "--out", tmp_path / "e.xlsx")
    frame.drop(columns="job").to_csv(tmp_path / "t.csv", index=False)
    assert "no column 'job'" in refused("explain", run[0], tmp_path / "t.csv")
    frame.iloc[:0].to_csv(tmp_path / "t.csv", index=False)
    assert "holds no rows" in refused("explain", run[0], tmp_path / "t.csv", "--out", tmp_path / "e.csv")
    assert not (tmp_path / "e.csv").exists()


def test_a_column_with_the_name_of_an_output_is_named(tmp_path, refused):
    X = pd.DataFrame(np.random.default_rng(0).normal(size=(300, 2)), columns=["score", "b"])
    y = (X["score"] + X["b"] > 1.5).astype(int)
    result = bi.tune(X, y, booster="lightgbm", n_trials=1, timeout=None, cv=2, resamplers="none", progress=False, random_state=0)
    result.save(tmp_path / "m")
    X.to_csv(tmp_path / "t.csv", index=False)
    assert "a column of the model is called 'score'" in refused("explain", tmp_path / "m", tmp_path / "t.csv")
