"""From a model folder to one that runs without torch."""
