"""The parts of `glifo.experiment.diagnose`: what is looked at (`case`), which repairs help (`mending`), and the checks.

A check is a function from an `Examined` case to a `Finding`, or to a `Passed` where all is in order. They are listed in
`glifo.experiment.diagnose.CHECKS`; adding one is one line there.
"""
