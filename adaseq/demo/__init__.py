"""The demo: a small corpus of our own writing, Chinese and English, and a configuration that trains on it."""
