"""The notebooks run from top to bottom on the embedded digits, and their committed outputs can be shown to anyone."""

from __future__ import annotations

import base64
import io
import re
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

import nbformat
import pytest
from nbformat import NotebookNode
from PIL import Image

FOLDER = Path(__file__).parents[2] / "notebooks"
MIN_FIGURES = {"como_funciona": 20, "caracteres": 11, "pca_kmeans": 15}
MAX_BYTES = 1_500_000
MACHINE_PATH = re.compile(r"/(?:home|root|tmp|work|usr|Users|private|opt)/|[A-Z]:\\\\|site-packages|ipykernel_\d")
# Jupyter's own clients warn of their coming changes; that is not the notebooks' doing.
JUPYTERS_OWN = ("ignore::DeprecationWarning", "ignore::PendingDeprecationWarning", "ignore::ResourceWarning")


def committed(name: str) -> NotebookNode:
    return nbformat.read(FOLDER / f"{name}.ipynb", as_version=4)


def outputs(notebook: NotebookNode) -> list[NotebookNode]:
    return [output for cell in notebook.cells if cell.cell_type == "code" for output in cell.outputs]


def figures(notebook: NotebookNode) -> list[bytes]:
    found = [output.data["image/png"] for output in outputs(notebook) if "image/png" in output.get("data", {})]
    return [base64.b64decode(text) for text in found]


def assert_clean(notebook: NotebookNode, num_figures: int) -> None:
    """No error, no warning, no path of a machine; as many figures as there should be at least."""
    assert len(figures(notebook)) >= num_figures
    for output in outputs(notebook):
        assert output.output_type != "error"
        assert output.get("name") != "stderr", output.text
        shown = output.get("text", "") + output.get("data", {}).get("text/plain", "")
        assert not MACHINE_PATH.search(shown), shown


def test_every_notebook_is_tested():
    assert {path.stem for path in FOLDER.glob("*.ipynb")} == set(MIN_FIGURES)


@pytest.mark.parametrize("name", MIN_FIGURES)
@pytest.mark.filterwarnings(*JUPYTERS_OWN)
def test_runs_on_the_embedded_digits(name, monkeypatch, tmp_path):
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    monkeypatch.delenv("GLIFO_DATA", raising=False)
    monkeypatch.setenv("GLIFO_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("TMPDIR", str(temporary))
    before = set(FOLDER.iterdir())
    notebook = load_executor().run(FOLDER / f"{name}.ipynb")
    assert_clean(notebook, MIN_FIGURES[name])
    assert "scikit-learn" in "".join(output.get("text", "") for output in outputs(notebook))
    assert list(temporary.glob("**/*.glifo")) == []  # the notebook's own folder is gone
    assert set(FOLDER.iterdir()) - before <= {FOLDER / "__pycache__"}


@pytest.mark.parametrize("name", MIN_FIGURES)
def test_committed_outputs_can_be_shown(name):
    notebook = committed(name)
    assert_clean(notebook, MIN_FIGURES[name])
    assert (FOLDER / f"{name}.ipynb").stat().st_size < MAX_BYTES
    for figure in figures(notebook):
        assert min(Image.open(io.BytesIO(figure)).size) >= 100
    numbers = [cell.execution_count for cell in notebook.cells if cell.cell_type == "code"]
    assert numbers == list(range(1, len(numbers) + 1))  # run once, from top to bottom


@pytest.mark.parametrize("name", MIN_FIGURES)
def test_committed_file_is_stable(name):
    """Real letters in the outputs, plain metadata, no time of a run anywhere."""
    notebook = committed(name)
    assert notebook.metadata == load_executor().METADATA
    assert all(not cell.metadata for cell in notebook.cells)
    text = "".join(output.get("text", "") for output in outputs(notebook))
    assert "MNIST" in text and "porque aquí no está" not in text


def load_executor():
    """notebooks/execute.py as a module: the notebooks' folder is no package."""
    spec = spec_from_file_location("execute", FOLDER / "execute.py")
    assert spec is not None and spec.loader is not None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
