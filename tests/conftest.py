"""For every test: shapes in signatures are checked while it runs, and torch keeps to one answer."""

from __future__ import annotations

import os
from collections.abc import Iterator

os.environ.setdefault("MPLBACKEND", "agg")
os.environ.setdefault("OMP_NUM_THREADS", "1")  # small work beside other workers: threads would wait

import pytest
from hypothesis import settings
from jaxtyping import install_import_hook

# beartype reads every annotation of glifo at each call; a wrong shape or type fails the test that made it.
install_import_hook("glifo", "shapes.checked")

# No clock and no chance: a busy machine is no failure, and every run draws the same examples.
settings.register_profile("repeatable", deadline=None, derandomize=True)
settings.load_profile("repeatable")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Tests of the official data are skipped, with a message, where no folder is named."""
    if not os.environ.get("GLIFO_DATA"):
        for item in items:
            if item.get_closest_marker("data"):
                item.add_marker(pytest.mark.skip(reason="GLIFO_DATA names no folder with the official data sets"))


@pytest.fixture(autouse=True, scope="session")
def _own_cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Nothing is left in the cache of whoever runs the tests."""
    with pytest.MonkeyPatch.context() as patch:
        if "GLIFO_CACHE" not in os.environ:
            patch.setenv("GLIFO_CACHE", str(tmp_path_factory.mktemp("cache")))
        yield
