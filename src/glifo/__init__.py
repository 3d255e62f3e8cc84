"""glifo trains, compares, explains and serves recognisers of handwritten characters, and reads them from pictures."""

__version__ = "0.1.0"
