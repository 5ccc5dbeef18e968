"""Task models, composed of modules."""
