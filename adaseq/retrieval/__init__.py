"""Retrieved context: passages of a corpus that are about the same as a sentence, written behind it for taggers to read."""
