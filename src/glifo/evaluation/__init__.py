"""The evaluation room: what logits and labels say about a recogniser, as frozen values of NumPy numbers.

It knows no network, no file and no plot. `calibration` turns logits into honest probabilities, `metrics` scores them,
`confusions` counts which character was taken for which, `labels` finds labels that are likely wrong.

>>> import numpy as np
>>> from glifo.evaluation.metrics import score
>>> score(np.array([[2.0, 0.0], [0.0, 2.0]]), np.array([0, 1]), ("a", "b")).accuracy.percent()
'100.00% (34.24–100.00)'
"""
