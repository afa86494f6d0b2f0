"""The commands of docs/cli.md, from the page's text, on a small table and with a short search."""

import re
import shlex
from pathlib import Path

import pandas as pd

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "cli.md").read_text(encoding="utf-8")


def test_the_commands_of_the_page_work_in_order(frame, quick, tmp_path, invoke, monkeypatch):
    monkeypatch.chdir(tmp_path)
    frame.to_csv("shop.csv", index=False)
    frame.drop(columns="bought").to_csv("new.csv", index=False)
    (block,) = re.findall(r'^```bash title="commands"\n(.*?)^```$', PAGE, re.MULTILINE | re.DOTALL)
    for line in block.splitlines():
        program, command, *args = shlex.split(line)
        assert program == "boostimb"
        result = invoke(command, *args, *(quick if command == "tune" else ()))
        assert result.exit_code == 0, result.output
    decisions, reasons = pd.read_csv("decisions.csv"), pd.read_parquet("reasons.parquet")
    assert len(decisions) == len(reasons) == 600
    assert (decisions["decision"] == reasons["decision"]).all()
    assert len(reasons.columns) == 6 + 3
