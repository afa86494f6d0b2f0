"""Every refusal: exit code 2, one message that names the rule, the value and the way out, and nothing written."""

import gzip

import numpy as np
import pandas as pd
import pytest

pytestmark = pytest.mark.usefixtures("unplotted")


@pytest.fixture
def shop(frame, tmp_path):
    """Write the table, changed, and return its path."""

    def write(change=lambda frame: frame, name="shop.csv"):
        path = tmp_path / name
        changed = change(frame)
        changed.to_parquet(path) if name.endswith("parquet") else changed.to_csv(path, index=False)
        return path

    return write


@pytest.fixture
def tune(refused, quick):
    """Run a search that must be refused."""

    def run(path, *options):
        return refused("tune", path, "--target", "bought", "--pos-label", "yes", "--out", path.parent / "out", *quick, *options)

    return run


def test_no_table_or_no_target(shop, refused):
    assert "name a table, or try --example digits" in refused("tune")
    text = refused("tune", shop())
    assert "name the column to predict with --target; shop.csv has 'amount', 'age', 'count', 'job', 'bought'" in text


def test_no_such_file(shop, tune):
    path = shop()
    text = tune(path.with_name("shopp.csv"))
    assert f"there is no file {path.with_name('shopp.csv')}; did you mean 'shop.csv'?" in text
    assert "is a folder, and not a table" in tune(path.parent)
    assert "there is no file" in tune(path.parent / "nowhere" / "shop.csv")


def test_an_unknown_ending(shop, tune):
    path = shop()
    path = path.rename(path.with_suffix(".xlsx"))
    assert "the table must end in .csv, .tsv, .csv.gz, .tsv.gz, .parquet or .pq, got" in tune(path)


@pytest.mark.parametrize(
    ("name", "content", "text"),
    [
        ("t.csv", b"", "cannot be read as a .csv file: No columns to parse"),
        ("t.csv", b"a,bought\n", "holds no rows"),
        ("t.csv", b"a,bought\n1,yes\n1,2,3\n", "Expected 2 fields in line 3, saw 3"),
        ("t.csv", b"a,bought\n1,2,yes\n3,4,no\n", "rows with more fields than its first line has names"),
        ("t.csv", b'a,"a,b",,,"a"\n1,2,,,3\n', "has two columns called 'a': rename one"),
        ("t.csv", b"a,bought\n\xff\xfe,yes\n", "is not text in UTF-8 (invalid start byte at byte"),
        ("t.csv.gz", b"a,bought\n1,yes\n", "Not a gzipped file"),
        ("t.csv.gz", gzip.compress(b"a,bought\n1,yes\n" * 999)[:-20], "cannot be read as a .csv.gz file"),
        ("t.parquet", b"a,bought\n1,yes\n", "cannot be read as a .parquet file: "),
    ],
)
def test_a_file_that_is_no_table(name, content, text, tmp_path, tune):
    (tmp_path / name).write_bytes(content)
    said = tune(tmp_path / name)
    assert text in said
    assert str(tmp_path / name) in said


def test_an_unknown_column(shop, tune):
    path = shop()
    assert "no column 'Bougth' (--target); did you mean 'bought'?" in tune(path, "--target", "Bougth")
    assert "no column 'y' (--target); it has 'amount', 'age', 'count', 'job', 'bought'" in tune(path, "--target", "y")
    assert "no column 'jobs' (--drop); did you mean 'job'?" in tune(path, "--drop", "jobs")
    assert "--drop must not name the column of --target, 'bought'" in tune(path, "--drop", "bought")
    assert "no column 'jobs' (--groups); did you mean 'job'?" in tune(path, "--groups", "jobs")
    assert "--groups and --weights must be different columns, and both are 'age'" in tune(
        path, "--groups", "age", "--weights", "age"
    )
    assert "no column beside the target" in tune(path, "--drop", "job", "--drop", "amount", "--drop", "age", "--drop", "count")


def test_a_target_with_missing_values(shop, tune):
    path = shop(lambda frame: frame.assign(bought=frame["bought"].where(frame.index > 2)))
    assert "the target 'bought' is missing in 3 of 600 rows: drop these rows first" in tune(path)


@pytest.mark.parametrize(
    ("labels", "text"),
    [
        (["no"] * 600, "must hold classes, and it holds 1 ('no'): y must hold two classes"),
        (np.arange(600) / 7, "must hold classes, and it holds 600 (0.0, "),
        (np.arange(600), "the rarest class has 1 rows, which --test-size 0.25 cannot divide"),
    ],
)
def test_a_target_that_is_no_class(labels, text, shop, refused, quick):
    path = shop(lambda frame: frame.assign(bought=labels))
    assert text in refused("tune", path, "--target", "bought", "--out", path.parent / "out", *quick)


def test_several_classes_have_no_positive_one(shop, tune):
    text = tune(shop(lambda frame: frame.assign(bought=["a", "b", "c"] * 200)))
    assert "--pos-label names one of two classes, and the target 'bought' holds 3 ('a', 'b', 'c'): leave it out" in text


def test_the_positive_label(shop, tune, refused):
    path = shop()
    text = refused("tune", path, "--target", "bought", "--out", path.parent / "out")
    assert "the labels of 'bought' are 'no', 'yes': name the positive one, such as --pos-label yes" in text
    assert "--pos-label must be one of the labels of 'bought', 'no', 'yes'; got 'Yes'" in tune(path, "--pos-label", "Yes")


@pytest.mark.parametrize("name", ["dates.csv", "dates.parquet"])
def test_columns_of_dates(name, shop, tune):
    dates = pd.date_range("2024-01-01", periods=600, freq="h")

    def add(frame):
        return frame.assign(**{"when": dates, "the day": dates.strftime("%d.%m.%Y")})

    text = tune(shop(add, name))
    assert "column 'when' holds dates or times" in text
    assert "column 'the day' holds dates or times" in text
    assert "turn it into numbers first" in text
    assert "leave them out: --drop when --drop 'the day'" in text
    assert text.count("\n") == 1


def test_a_column_of_lists(shop, tune):
    path = shop(lambda frame: frame.assign(tags=[[1, 2]] * len(frame)), "lists.parquet")
    assert "leave it out: --drop tags" in tune(path)


def test_infinity_is_found_before_the_search(shop, tune):
    text = tune(shop(lambda frame: frame.assign(amount=np.where(frame.index == 7, np.inf, frame["amount"])), "infinite.parquet"))
    assert "Input X contains infinity: column 'amount' holds inf in row 7. Replace it" in text
    assert text.endswith("which means missing; or leave it out: --drop amount\n")


def test_decimal_commas(shop, tune, refused):
    path = shop(lambda frame: frame.assign(amount=frame["amount"].map(lambda value: f"{value:.3f}".replace(".", ","))))
    text = tune(path)
    assert "column 'amount' is text, and reads as numbers with a decimal comma, such as '" in text
    assert "--decimal , takes them so, and --decimal . leaves them text" in text
    assert "--decimal must be , or ., got ';'" in tune(path, "--decimal", ";")


def test_too_few_groups(shop, tune):
    path = shop(lambda frame: frame.assign(group=np.where(frame["bought"] == "yes", 0, frame.index)))
    assert "rows in 1 groups, which --test-size 0.25 cannot divide" in tune(path, "--groups", "group")


def test_too_few_positives(shop, tune, invoke, quick):
    one = shop(lambda frame: frame.assign(bought=np.where(frame.index == 3, "yes", "no")))
    assert "the rarer class has 1 rows, which --test-size 0.25 cannot divide" in tune(one)
    few = shop(lambda frame: frame.assign(bought=np.where(frame.index < 4, "yes", "no")))
    result = invoke("tune", few, "-t", "bought", "--pos-label", "yes", "-o", few.parent / "out", *quick, "--folds", "5")
    assert result.exit_code == 2
    assert "--folds 5 needs at least 5 positives, one for each fold, got 3" in result.stderr
    assert "cannot divide" in tune(shop(), "--test-size", "0")


def test_the_more_frequent_class_as_the_positive_one_is_pointed_out(shop, invoke, quick):
    path = shop()
    result = invoke("tune", path, "-t", "bought", "--pos-label", "no", "-o", path.parent / "out", *quick)
    assert result.exit_code == 0
    assert "'no' is the more frequent class" in result.stderr


@pytest.mark.parametrize(
    ("options", "text"),
    [
        (("--goal", "accuracy"), "goal must not be 'accuracy'"),
        (("--goal", "f3"), "goal must be one of 'f1'"),
        (("--constraint", "recall=0.9"), "--constraint must be a rate and a bound, such as 'recall>=0.9', got 'recall=0.9'"),
        (("--constraint", "recal>=0.9"), "the rate of a constraint must be one of alerts, balanced_accuracy"),
        (("--constraint", "recall>=0.9", "--constraint", "recall<=1"), "'recall' comes twice"),
        (("--constraint", "recall>=9"), "the bound on recall must lie in [0, 1], got 9"),
        (("--confidence", "1.5"), "confidence must be a finite number > 0.5 and < 1, got 1.5"),
        (("--goal", "recall"), "the goal 'recall' needs a bound"),
        (("--goal", "mcc", "--cost-fn", "9"), "give either a goal or --cost-fp and --cost-fn, not both; got --goal 'mcc'"),
        (("--cost-fn", "0"), "--cost-fn must be a finite number > 0, got 0"),
        (("--booster", "lightgmb"), "booster must be one of xgboost, lightgbm, catboost; got 'lightgmb'"),
        (("--metric", "roc_auc"), "--metric must be one of average_precision, average_precision_weighted (of"),
        (("--metric", "recall_at_precision:2"), "precision must be a finite number > 0 and <= 1, got 2"),
        (("--example", "digits"), "--example brings its own table and target"),
    ],
)
def test_options_are_checked_before_the_table_is_read(options, text, shop, tune):
    path = shop()
    assert text in tune(path.with_name("missing.csv") if "--example" not in options else path, *options)


def test_an_unknown_example(refused):
    assert "--example must be one of digits; got 'irises'" in refused("tune", "--example", "irises")


@pytest.mark.parametrize(
    ("options", "text"),
    [
        (("--resamplers", "smoot"), "smoot"),
        (("--folds", "1"), "--folds must be"),
        (("--weights", "job"), "--weights must hold numbers"),
        (("--metric", "average_precision_weighted"), "a target of several classes: with two, take average_precision"),
        (("--groups", "job"), "--groups must not be missing"),
    ],
)
def test_options_that_the_search_refuses(options, text, shop, invoke, quick):
    path = shop()
    result = invoke("tune", path, "-t", "bought", "--pos-label", "yes", "-o", path.parent / "out", *quick, *options)
    assert result.exit_code == 2
    assert text in result.stderr
    assert "Traceback" not in result.stderr
    assert not (path.parent / "out").exists()


def test_options_of_the_wrong_type(invoke):
    for options in (("--trials", "many"), ("--test-size", "2"), ("--seed", "-1"), ("--nonsense",)):
        result = invoke("tune", *options)
        assert result.exit_code == 2
        assert options[0] in result.stderr


def test_a_folder_of_others_is_not_overwritten(shop, tune):
    path = shop()
    out = path.parent / "mine"
    out.mkdir()
    (out / "notes.txt").write_text("keep me")
    assert "holds other files than those of an earlier run: choose another folder" in tune(path, "--out", out)
    assert (out / "notes.txt").read_text() == "keep me"
    assert "is a file, and must be a folder" in tune(path, "--out", out / "notes.txt")
    assert "cannot be written" in tune(path, "--out", out / "notes.txt" / "below")


def test_debug_shows_where_an_error_comes_from(invoke):
    result = invoke("tune", "--example", "irises", "--debug")
    assert result.exit_code == 2
    assert "Traceback" in result.stderr
    assert result.stderr.rstrip().endswith("Error: --example must be one of digits; got 'irises'")
