"""Encoders: word vectors in, word vectors out."""
