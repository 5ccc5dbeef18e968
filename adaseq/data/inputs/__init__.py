"""Input encoders: words in, what an embedder reads beside or instead of the pieces of a backbone out."""
