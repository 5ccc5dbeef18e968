"""What lies on disk, as rows: the one package that imports pyarrow."""
