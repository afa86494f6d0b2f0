"""`boostimb predict`: what the Python API says, row for row, whatever the file and its size."""

import numpy as np
import pandas as pd
import pytest

import boostimb as bi
from boostimb.cli import _pieces
from boostimb.cli._errors import InputError


@pytest.fixture(scope="module")
def expected(run, frame):
    model = bi.load(run[0] / "model")
    X = frame.drop(columns="bought")
    return model.predict_proba(X)[:, 1], model.predict(X)


@pytest.fixture(params=[100_000, 170], ids=["one piece", "four pieces"])
def pieces(request, monkeypatch):
    monkeypatch.setattr(_pieces, "ROWS", request.param)


def read(path):
    return pd.read_parquet(path) if path.suffix == ".parquet" else pd.read_csv(path, sep="\t" if ".tsv" in path.name else ",")


@pytest.mark.usefixtures("pieces")
@pytest.mark.parametrize("source", ["t.csv", "t.parquet", "t.tsv.gz"])
@pytest.mark.parametrize("target", ["d.csv", "d.parquet", "d.csv.gz"])
def test_a_round_trip_gives_what_python_gives(source, target, run, frame, expected, tmp_path, invoke):
    path, out = tmp_path / source, tmp_path / target
    if path.suffix == ".parquet":
        frame.to_parquet(path)
    else:
        frame.to_csv(path, index=False, sep="\t" if ".tsv" in source else ",")
    result = invoke("predict", run[0], path, "--out", out)
    assert result.exit_code == 0
    assert result.stdout == ""
    answer = read(out)
    assert list(answer) == [*frame, "score", "probability", "decision"]
    np.testing.assert_array_equal(answer["probability"], expected[0])
    np.testing.assert_array_equal(answer["decision"], expected[1])
    pd.testing.assert_frame_equal(answer[list(frame)], frame, check_dtype=False)
    n = int((expected[1] == "yes").sum())
    assert f"600 rows scored, {n} of them ({n / 600:.2%}) decided yes. Written to {out}." in result.stderr
    assert sorted(each.name for each in tmp_path.iterdir()) == sorted([source, target])


def test_the_folder_of_the_model_itself_will_do(run, table, expected, tmp_path, invoke):
    assert invoke("predict", run[0] / "model", table, "--out", tmp_path / "d.csv", "--only").exit_code == 0
    answer = pd.read_csv(tmp_path / "d.csv")
    assert list(answer) == ["score", "probability", "decision"]
    np.testing.assert_array_equal(answer["probability"], expected[0])


@pytest.mark.usefixtures("pieces")
def test_without_out_it_writes_csv_to_stdout(run, table, expected, invoke):
    lines = invoke("predict", run[0], table, "--only").stdout.splitlines()
    assert lines[0] == "score,probability,decision"
    assert [float(line.split(",")[1]) for line in lines[1:]] == expected[0].tolist()


@pytest.mark.usefixtures("pieces")
def test_fields_go_through_as_they_stand(run, frame, tmp_path, invoke):
    """Numbers keep their digits, and columns that the model does not know keep everything; their order does not matter."""
    changed = frame.drop(columns="bought")[["job", "count", "age", "amount"]].assign(id=[f"{i:05d}" for i in range(600)])
    changed["amount"] = changed["amount"].map(lambda value: "" if value != value else f"{value:.6f}")
    changed["comment"] = "NA"
    changed.to_csv(tmp_path / "t.csv", index=False)
    assert invoke("predict", run[0], tmp_path / "t.csv", "--out", tmp_path / "d.csv").exit_code == 0
    before, after = ((tmp_path / name).read_text().splitlines() for name in ("t.csv", "d.csv"))
    assert [line.rsplit(",", 3)[0] for line in after] == before


def test_whole_numbers_beside_missing_ones_stay_whole(run, frame, tmp_path, invoke):
    ids = pd.array([None, *range(2**53 + 1, 2**53 + 600)], dtype="Int64")
    frame.assign(id=ids).to_parquet(tmp_path / "t.parquet")
    for name in ("d.csv", "d.parquet"):
        invoke("predict", run[0], tmp_path / "t.parquet", "--out", tmp_path / name)
    assert pd.read_csv(tmp_path / "d.csv", dtype={"id": "Int64"})["id"].tolist()[1:] == ids.tolist()[1:]
    assert pd.read_parquet(tmp_path / "d.parquet", dtype_backend="numpy_nullable")["id"].tolist()[1:] == ids.tolist()[1:]


@pytest.mark.usefixtures("pieces")
def test_a_piece_may_look_like_another_kind_of_column(run, frame, tmp_path, invoke):
    """Where all categories of a piece look like numbers, or all its numbers are missing, they are read as in training."""
    odd = frame.drop(columns="bought").iloc[:400].assign(job="01", amount=np.nan)
    odd.to_csv(tmp_path / "t.csv", index=False)
    assert invoke("predict", run[0], tmp_path / "t.csv", "--out", tmp_path / "d.csv").exit_code == 0
    expected = bi.load(run[0] / "model").predict_proba(odd)[:, 1]
    np.testing.assert_array_equal(pd.read_csv(tmp_path / "d.csv")["probability"], expected)


def test_a_model_without_column_names_reads_by_position(tmp_path, invoke, refused):
    X = np.random.default_rng(0).normal(size=(300, 2))
    y = (X[:, 0] + X[:, 1] > 1.2).astype(int)
    result = bi.tune(X, y, booster="lightgbm", n_trials=1, timeout=None, cv=2, resamplers="none", progress=False, random_state=0)
    result.save(tmp_path / "m")
    pd.DataFrame(X, columns=["a", "b"]).to_parquet(tmp_path / "t.parquet")
    assert invoke("predict", tmp_path / "m", tmp_path / "t.parquet", "--out", tmp_path / "d.parquet").exit_code == 0
    np.testing.assert_array_equal(pd.read_parquet(tmp_path / "d.parquet")["probability"], result.predict_proba(X)[:, 1])
    pd.DataFrame(np.c_[X, y]).to_csv(tmp_path / "wide.csv", index=False)
    text = refused("predict", tmp_path / "m", tmp_path / "wide.csv")
    assert "the model reads 2 columns by position, and the table has 3" in text


def test_what_is_refused(run, table, frame, tmp_path, refused):
    out = tmp_path / "d.csv"
    assert "there is no file" in refused("predict", run[0], tmp_path / "t.csv")
    assert f"there is no folder {run[0]}s; did you mean '{run[0].name}'?" in refused("predict", f"{run[0]}s", table)
    assert f"{tmp_path} holds no boostimb model: give the folder" in refused("predict", tmp_path, table)
    assert "--out must end in .csv" in refused("predict", run[0], table, "--out", tmp_path / "d.xlsx")
    assert "--out must not be the table itself" in refused("predict", run[0], table, "--out", table)
    frame.drop(columns="job").rename(columns={"amount": "amounts"}).to_csv(tmp_path / "t.csv", index=False)
    text = refused("predict", run[0], tmp_path / "t.csv", "--out", out)
    assert "no column 'amount', 'job' (the model was trained with it); did you mean 'amounts'" in text
    frame.assign(decision=1).to_csv(tmp_path / "t.csv", index=False)
    assert "a column 'decision' already: rename it, or write the new columns alone with --only" in refused(
        "predict", run[0], tmp_path / "t.csv", "--out", out
    )
    frame.iloc[:0].to_csv(tmp_path / "t.csv", index=False)
    assert "holds no rows" in refused("predict", run[0], tmp_path / "t.csv", "--out", out)
    (tmp_path / "m").mkdir()
    (tmp_path / "m" / "manifest.json").write_text("{}")
    assert "is not the manifest of a boostimb model" in refused("predict", tmp_path / "m", table)
    assert not out.exists()


@pytest.mark.parametrize("keep", [True, False])
@pytest.mark.parametrize("row", [0, 1, 3, 5])
def test_a_row_of_too_many_fields_is_refused_in_every_piece(row, keep, tmp_path, monkeypatch):
    """Such as a decimal comma that nothing sets apart, which would shift the fields behind it."""
    monkeypatch.setattr(_pieces, "ROWS", 3)
    lines = ["1,5,0"] * 6
    lines[row] = "1,5,33,0"
    path = tmp_path / "t.csv"
    path.write_text("\n".join(["amount,age,bought", *lines, ""]))
    with pytest.raises(InputError, match=r"more fields than its first line has names|Expected 3 fields in line ., saw 4"):
        list(_pieces.pieces_of(path, ["amount", "age"], [], keep=keep))


def test_what_goes_wrong_late_leaves_an_older_output_as_it_was(run, frame, tmp_path, monkeypatch, refused):
    monkeypatch.setattr(_pieces, "ROWS", 100)
    amounts = frame["amount"].astype(object).where(frame.index != 450, "lots")
    frame.assign(amount=amounts).to_csv(tmp_path / "t.csv", index=False)
    (tmp_path / "d.csv").write_text("older")
    text = refused("predict", run[0], tmp_path / "t.csv", "--out", tmp_path / "d.csv")
    assert "column 'amount' held numbers when the model was fitted, and now holds 'lots'" in text
    assert (tmp_path / "d.csv").read_text() == "older"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["d.csv", "t.csv"]


def test_the_score_is_the_calibrated_log_odds(run, table, expected, tmp_path, invoke):
    invoke("predict", run[0], table, "--out", tmp_path / "d.parquet", "--only")
    score = pd.read_parquet(tmp_path / "d.parquet")["score"]
    np.testing.assert_allclose(score, np.log(expected[0]) - np.log1p(-expected[0]), rtol=1e-9)


def test_several_tables_go_into_a_folder_by_their_names(run, frame, expected, tmp_path, invoke, refused):
    frame.iloc[:200].to_csv(tmp_path / "one.csv", index=False)
    frame.iloc[200:].to_parquet(tmp_path / "two.parquet")
    out = tmp_path / "out"
    tables = tmp_path / "one.csv", tmp_path / "two.parquet"
    result = invoke("predict", run[0], *tables, "--out", out, "--only")
    assert result.exit_code == 0
    assert "200 rows scored" in result.stderr
    assert "400 rows scored" in result.stderr
    both = np.concatenate([read(out / name)["probability"] for name in ("one.csv", "two.parquet")])
    np.testing.assert_array_equal(both, expected[0])
    assert "several tables need --out DIR" in refused("predict", run[0], *tables)
    assert "--out must be a folder for 2 tables" in refused("predict", run[0], *tables, "--out", tables[0])
    assert "several are called 'one.csv'" in refused("predict", run[0], tables[0], tables[0], "--out", out)
    assert "--out must not be the table itself" in refused("predict", run[0], *tables, "--out", tmp_path)


def test_one_table_may_go_into_a_folder_that_is_there(run, table, tmp_path, invoke):
    assert invoke("predict", run[0], table, "--out", tmp_path).exit_code == 0
    assert len(read(tmp_path / table.name)) == 600


def test_a_name_without_an_ending_is_a_folder_for_one_table_too(run, table, tmp_path, invoke, refused):
    assert invoke("predict", run[0], table, "--out", tmp_path / "decided").exit_code == 0
    assert len(read(tmp_path / "decided" / table.name)) == 600
    (tmp_path / "file").touch()
    assert "--out must end in .csv" in refused("predict", run[0], table, "--out", tmp_path / "file")


@pytest.mark.parametrize("name", ["d.tsv", "d.csv"])
def test_a_tsv_keeps_one_decimal_mark(name, run, frame, expected, tmp_path, invoke):
    frame.to_csv(tmp_path / "t.tsv", sep="\t", decimal=",", index=False)
    assert invoke("predict", run[0], tmp_path / "t.tsv", "--decimal", ",", "--out", tmp_path / name).exit_code == 0
    answer = pd.read_csv(tmp_path / name, sep="\t" if name == "d.tsv" else ",", decimal=",")
    np.testing.assert_array_equal(answer["probability"], expected[0])
    pd.testing.assert_frame_equal(answer[list(frame)], frame, check_dtype=False)


def test_none_is_scored_before_all_are_found_usable(run, table, frame, tmp_path, refused):
    frame.drop(columns="job").to_csv(tmp_path / "t.csv", index=False)
    assert "no column 'job'" in refused("predict", run[0], table, tmp_path / "t.csv", "--out", tmp_path / "out")
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("name", ["t.csv", "t.csv.gz", "t.parquet"])
def test_pieces_say_how_far_the_file_is_read_and_are_smaller_of_wide_tables(name, tmp_path, monkeypatch):
    monkeypatch.setattr(_pieces, "CELLS", 50_000)
    wide = pd.DataFrame(np.random.default_rng(0).normal(size=(4000, 50)), columns=[f"x{i}" for i in range(50)])
    if name == "t.parquet":
        wide.to_parquet(tmp_path / name)
    else:
        wide.to_csv(tmp_path / name, index=False)
    pieces = list(_pieces.pieces_of(tmp_path / name, ["x0", "x1"], [], keep=True))
    assert [len(piece.features) for piece in pieces] == [1000] * 4
    shares = [piece.share for piece in pieces]
    assert shares == sorted(shares)
    assert 0.2 < shares[0] < 0.5
    assert shares[-1] == 1
