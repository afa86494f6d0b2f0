"""What benchmarks/tables.py prints of a table; none is searched."""

import json
from pathlib import Path

import tables

ANSWER = {"rows": 1453, "columns": 8, "classes": 2, "rate": 0.024, "folds": 5, "score": 0.6, "corrected": 0.58, "plain": 0.59}
ANSWER |= {"trials": 4, "seconds": 6.2, "peak_mib": 441.0}


def test_a_line_for_a_table_that_came_through(monkeypatch):
    def ask(command, folder, limit):
        assert command[2:] == [str(Path("a.parquet").absolute()), "--one", "20", "0"]
        (folder / "answer.json").write_text(json.dumps(ANSWER), encoding="utf-8")

    monkeypatch.setattr(tables, "ask", ask)
    found = tables.line(Path("a.parquet"), 20, 0)
    assert found == (True, "| a | 1,453 | 8 | 2 | 2.4000% | 5 | 0.6000 | 0.5800 | 0.5900 | 4 | 6.2 | 441 |")


def test_a_line_for_one_that_failed(monkeypatch):
    monkeypatch.setattr(tables, "ask", lambda command, folder, limit: "ValueError: no|good")
    came_through, text = tables.line(Path("a.parquet"), 20, 0)
    assert not came_through
    assert text.startswith("| a | failed: ValueError: no/good |")
    assert text.count("|") == 13
