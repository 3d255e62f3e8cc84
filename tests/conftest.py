"""For every test: shapes in signatures are checked while it runs, and torch keeps to one answer."""

from __future__ import annotations

import os

os.environ.setdefault("MPLBACKEND", "agg")
os.environ.setdefault("OMP_NUM_THREADS", "1")  # small work on a busy machine: threads would wait for each other

from jaxtyping import install_import_hook

# beartype reads every annotation of glifo at each call; a wrong shape or type fails the test that made it.
install_import_hook("glifo", "shapes.checked")
