"""Building blocks of networks: embedders, encoders, decoders, dropouts. Plain torch, no files and no data."""
