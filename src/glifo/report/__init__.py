"""The report of an evaluation: one self-contained HTML file with plots, tables and pictures.

`verdict` joins a run and its verdict, `page` holds the values of a page and renders them, `plots` draws.

    evaluation_report(Path("report.html"), run, judge(run, final=True))
"""

from __future__ import annotations

from glifo.report.comparison import comparison_report
from glifo.report.verdict import evaluation_report, readings_report

__all__ = ["comparison_report", "evaluation_report", "readings_report"]
