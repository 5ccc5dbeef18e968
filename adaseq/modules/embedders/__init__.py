"""Embedders: the tokens of a batch in, word vectors out."""
