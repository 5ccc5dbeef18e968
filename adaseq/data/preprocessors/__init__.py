"""Preprocessors: Examples in, Features out."""
