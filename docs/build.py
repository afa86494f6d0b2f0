"""Make the documentation site in site/: execute the notebooks, write each as a page beside its source, and build strictly.

Run it as ``python docs/build.py``; ``--keep`` executes only the notebooks whose page is missing or older than they are.
"""

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path

import nbformat
from nbclient import NotebookClient
from nbconvert import MarkdownExporter

ROOT = Path(__file__).resolve().parents[1]
NOTEBOOKS = ROOT / "docs" / "notebooks"
MOST_SECONDS = 600  # for one cell


def execute(source: Path) -> nbformat.NotebookNode:
    """Return the notebook with its outputs. Files that it writes are gone afterwards."""
    notebook = nbformat.read(source, as_version=4)
    with tempfile.TemporaryDirectory() as folder:
        client = NotebookClient(
            notebook,
            timeout=MOST_SECONDS,
            resources={"metadata": {"path": folder}},
            coalesce_streams=True,
            skip_cells_with_tag="skip-execution",
        )
        return client.execute()


def write_page(notebook: nbformat.NotebookNode, source: Path) -> None:
    """Write the executed notebook as Markdown, and its pictures into a folder beside it."""
    text, resources = MarkdownExporter().from_notebook_node(notebook, resources={"output_files_dir": f"{source.stem}_files"})
    for name, picture in resources["outputs"].items():
        path = NOTEBOOKS / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(picture)
    heading, _, rest = text.partition("\n")
    source.with_suffix(".md").write_text(f"{heading}\n\n[The notebook]({source.name}), as a file.\n{rest}", encoding="utf-8")


def main() -> None:
    """Execute and build."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--keep", action="store_true", help="keep the pages of notebooks that have not changed")
    keep = parser.parse_args().keep
    for source in sorted(NOTEBOOKS.glob("*.ipynb")):
        page = source.with_suffix(".md")
        if keep and page.exists() and page.stat().st_mtime > source.stat().st_mtime:
            continue
        print(f"executing {source.name}", flush=True)
        write_page(execute(source), source)
    sys.exit(subprocess.run([sys.executable, "-m", "zensical", "build", "--strict", "--clean"], cwd=ROOT, check=False).returncode)


if __name__ == "__main__":
    main()
