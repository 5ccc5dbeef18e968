"""A model, a metric and a hook for AdaSeq, in a package of their own. Importing it registers them."""

from adaseq_window_tagger import hook, metric, model

__all__ = ["hook", "metric", "model"]
