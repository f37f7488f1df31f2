"""Helpers for a series of notebooks on Transformers and variational autoencoders."""

__version__ = "0.1.0"
