"""The section on doubt: what the verdict measured stands in it."""

from __future__ import annotations

import pytest

from glifo.report.doubt import doubt_section, risk_plot
from glifo.report.page import ReportPage, render

CURVE = {"coverage": [0.25, 0.5, 1.0], "error": [0.0, 0.01, 0.08]}
DOUBT = {
    "augrc": 0.0123,
    "risk_curve": CURVE,
    "risk_dial": {"0.01": {"answered": 0.5, "error": 0.008}, "0.001": {"answered": 0.0, "error": None}},
    "sets": {"0.95": {"coverage": 0.951, "mean_size": 1.43, "empty": 0.01, "single": 0.7}},
}


def test_every_figure_stands_in_the_section():
    section = doubt_section(DOUBT)
    assert [table.rows for table in section.tables] == [
        (("95%", "95.10%", "1.43", "70.00%", "1.00%"),),
        (("1.0%", "50.00%", "0.80%"),),  # a wish that nobody can vouch for has no row
    ]
    page = render(ReportPage(title="t", subtitle="s", sections=(section,)))
    assert "0.0123" in page and "8.00% wrong when all are answered" in page


def test_a_bundle_without_promises_has_the_plot_alone():
    section = doubt_section(DOUBT | {"sets": {}, "risk_dial": {}})
    assert section.tables == () and len(section.figures) == 1


@pytest.mark.parametrize("errors", [[0.0, 0.0, 0.0], [0.0, 0.5, 1.0]])
def test_curves_without_and_full_of_errors_are_drawn(errors):
    assert "<svg" in risk_plot(CURVE | {"error": errors}).svg
