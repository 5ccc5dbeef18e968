"""Files of word vectors in all their forms."""

import gzip
import struct

import numpy as np
import pytest

from adaseq.errors import DataError
from adaseq.utils.word_vectors import find_vector_file, read_vectors, read_words

VECTORS = {"cat": [1.0, -2.5, 3.0], "北京": [4.0, 5.0, 6.5], "new york": [0.5, 0.0, 1.0]}


def as_text(header):
    lines = [f"{word} {' '.join(map(str, numbers))}" for word, numbers in VECTORS.items()]
    return ("\n".join([*(["3 3"] if header else []), *lines]) + "\n").encode()


def as_binary(line_break, words=("cat", "北京", "new_york")):
    content = b"3 3\n"
    for word, numbers in zip(words, VECTORS.values(), strict=True):
        content += word.encode() + b" " + struct.pack("<3f", *numbers) + (b"\n" if line_break else b"")
    return content


@pytest.mark.parametrize("header", [True, False])
@pytest.mark.parametrize("zipped", [True, False])
def test_text(tmp_path, header, zipped):
    path = tmp_path / ("vectors.txt.gz" if zipped else "vectors.txt")
    path.write_bytes(gzip.compress(as_text(header)) if zipped else as_text(header))
    vectors, dim = read_vectors(path, {"cat", "new york", "dog"})
    assert dim == 3 and vectors.keys() == {"cat", "new york"}
    assert vectors["cat"].tolist() == VECTORS["cat"] and vectors["cat"].dtype == np.float32
    assert list(read_words(path)) == list(VECTORS) and list(read_words(path, 2)) == list(VECTORS)[:2]


@pytest.mark.parametrize("header", [True, False])
def test_a_byte_order_mark_and_line_ends_of_windows(tmp_path, header):
    path = tmp_path / "vectors.txt"
    path.write_bytes(b"\xef\xbb\xbf" + as_text(header).replace(b"\n", b"\r\n"))
    vectors, dim = read_vectors(path, VECTORS)
    assert dim == 3 and {word: vector.tolist() for word, vector in vectors.items()} == VECTORS


@pytest.mark.parametrize("line_break", [True, False])
def test_binary(tmp_path, line_break):
    path = tmp_path / "vectors.bin"
    path.write_bytes(as_binary(line_break))
    vectors, dim = read_vectors(path, {"cat", "北京"})
    assert dim == 3 and vectors["北京"].tolist() == VECTORS["北京"] and len(vectors) == 2
    assert list(read_words(path)) == ["cat", "北京", "new_york"]


def test_the_first_of_two_counts_and_undecodable_words_are_no_words(tmp_path):
    path = tmp_path / "vectors.txt"
    path.write_bytes(b"cat 1 2\ncat 3 4\n\xff\xfe 5 6\n\n")
    assert read_vectors(path, {"cat"})[0]["cat"].tolist() == [1, 2]
    assert list(read_words(path)) == ["cat", "cat"]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"cat 1 2 3\ndog 1 2\n", r"vectors:2: 2 numbers behind the word, where lines before have 3"),
        (b"cat 1 2 3\ndog 1 x 2\n", r"vectors:2: a vector of numbers is expected behind the word"),
        (as_binary(False)[:-5], "vectors: the file ends in the vector of word 3 of 3"),
        (b"3 3\n\x01\x02\x03\x04", "vectors: the file ends, or breaks, in word 1 of 3"),
    ],
)
def test_broken_files(tmp_path, content, message):
    path = tmp_path / "vectors"
    path.write_bytes(content)
    with pytest.raises(DataError, match=message):
        read_vectors(path, {"cat", "dog"})


def test_broken_archive(tmp_path):
    path = tmp_path / "vectors.txt.gz"
    path.write_bytes(gzip.compress(as_text(True))[:-10])
    with pytest.raises(DataError, match="the word vectors cannot be read"):
        read_vectors(path, {"cat"})


def test_where_the_file_is(tmp_path):
    assert find_vector_file(tmp_path, "embedding.txt") is None
    packed = tmp_path / "embedding.txt.gz"
    packed.write_bytes(b"")
    assert find_vector_file(tmp_path, "embedding.txt") == packed == find_vector_file(packed, "anything")
