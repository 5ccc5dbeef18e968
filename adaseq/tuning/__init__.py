"""Hyper-parameter search over a grid: which runs there are, running them, and a table of their scores."""
