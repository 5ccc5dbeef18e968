"""Data collators: Features in, one padded Batch out."""
