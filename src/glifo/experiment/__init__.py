"""Where names become things: the one place that joins data, networks, training and evaluation.

run = train("digits", seed=0)        # assemble, fit, export, score: a run folder with a bundle in it
judge(run, final=True)               # the sealed test, once, on record
"""

from __future__ import annotations

from glifo.experiment.audit import audit_labels
from glifo.experiment.compare import Comparison, compare
from glifo.experiment.diagnose import Diagnosis, diagnose
from glifo.experiment.evaluate import Verdict, judge
from glifo.experiment.explain import Explanation, explain
from glifo.experiment.explore import Exploration, explore
from glifo.experiment.folds import cross_validate
from glifo.experiment.rates import rate_curve
from glifo.experiment.train import resume, train

__all__ = [
    "Comparison",
    "Diagnosis",
    "Explanation",
    "Exploration",
    "Verdict",
    "audit_labels",
    "compare",
    "cross_validate",
    "diagnose",
    "explain",
    "explore",
    "judge",
    "rate_curve",
    "resume",
    "train",
]
