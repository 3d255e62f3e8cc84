"""Looking at pictures without a trained network, and at what a trained one looks at: NumPy and scikit-learn only.

`pca`, `kmeans`, `agreement`, `maps` and `sampling` explore a data set; `attribution` finds which pixels an answer hangs
on, given the answer and its gradient as functions. Nothing here opens a data set or knows a network: `glifo.experiment`
joins them.

    components = fit_pca(images.reshape(len(images), -1) / 255, seed=0)
"""
