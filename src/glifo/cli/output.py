"""What every verb prints with: results on stdout, progress and complaints on stderr."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import Any

from rich.console import Console

MAX_SEED = 2**32 - 1  # what NumPy and scikit-learn take

out = Console(soft_wrap=True, highlight=False)
err = Console(stderr=True, highlight=False)


def print_json(value: Any) -> None:
    """Print a value as JSON on stdout, characters unescaped; NaN is refused."""
    print(json.dumps(value, indent=1, ensure_ascii=False, allow_nan=False))


def tell(progress: str) -> None:
    """Print a line of progress on stderr, dim and never read as markup."""
    err.print(progress, style="dim", markup=False)


def check_writable(*paths: Path | None) -> None:
    """Raise OSError now rather than after long work where a file cannot be written; None is passed over."""
    for path in filter(None, paths):
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=path.parent):
            pass


def complain(message: str) -> None:
    """Print one error line on stderr, never wrapped and never read as markup."""
    err.print(f"error: {message}", style="red", soft_wrap=True, markup=False)
