"""Losses: scores of classes and the right ones in, one number out."""
