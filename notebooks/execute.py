"""Run notebooks from top to bottom in fresh kernels and write them back with their outputs.

No time, path or version of the machine goes into the files, so that a second run changes a file only where an output
changed. It is not part of glifo; `make notebooks` runs it, and the tests use `run` to execute without writing. Use:

    python notebooks/execute.py notebooks/caracteres.ipynb
"""

from __future__ import annotations

import sys
from pathlib import Path

import nbformat
from nbclient import NotebookClient
from nbformat import NotebookNode

METADATA = {
    "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
    "language_info": {"name": "python"},
}
CELL_TIMEOUT_S = 900  # a busy machine is many times slower than a free one


def run(path: Path) -> NotebookNode:
    """The notebook with fresh outputs, its file untouched; nbclient's CellExecutionError where a cell fails."""
    notebook = nbformat.read(path, as_version=4)
    client = NotebookClient(
        notebook,
        timeout=CELL_TIMEOUT_S,
        kernel_name="python3",
        record_timing=False,
        coalesce_streams=True,
        resources={"metadata": {"path": str(path.parent)}},
    )
    client.execute()
    return stable(notebook)


def stable(notebook: NotebookNode) -> NotebookNode:
    """The notebook with numbered cells and plain metadata, the same on every machine."""
    notebook.metadata = nbformat.from_dict(METADATA)
    for number, cell in enumerate(notebook.cells):
        cell.id, cell.metadata = f"cell-{number:02d}", nbformat.from_dict({})
    return notebook


def main(paths: list[str]) -> None:
    folder = Path(__file__).parent
    for path in [Path(name) for name in paths] or sorted(folder.glob("*.ipynb")):
        print(path.name, file=sys.stderr)
        nbformat.write(run(path), path)


if __name__ == "__main__":
    main(sys.argv[1:])
