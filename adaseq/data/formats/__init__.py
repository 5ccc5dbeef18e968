"""The file formats that annotated data comes in, one module each."""
