"""Where names become things: the one place that joins data, networks, training and evaluation.

run = train("digits", seed=0)        # assemble, fit, export, score: a run folder with a bundle in it
judge(run, final=True)               # the sealed test, once, on record
"""

from __future__ import annotations

from glifo.experiment.evaluate import Verdict, judge
from glifo.experiment.rates import rate_curve
from glifo.experiment.train import resume, train

__all__ = ["Verdict", "judge", "rate_curve", "resume", "train"]
