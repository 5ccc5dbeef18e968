"""What is made of a file from the web: its name, its kind, and the splits in it."""

import gzip
import hashlib
import io
import tarfile
import zipfile

import pytest

from adaseq.data.sources.download import fetch
from adaseq.data.sources.local import find_splits
from adaseq.errors import AdaSeqError, DataError
from tests.data.sources.web_server import File


def test_a_web_page_about_a_file_is_not_the_file(server, cache):
    page = File(b"\n<!DOCTYPE html><html>Sign in</html>", headers={"Content-Type": "text/html; charset=utf-8"})
    server.files["/blob/train.txt"] = page
    with pytest.raises(DataError, match="this address leads to a web page, not to a file"):
        fetch(server.url("/blob/train.txt"), cache)


@pytest.mark.parametrize(
    ("path", "headers", "name"),
    [
        ("/data/train.txt", {}, "train.txt"),
        ("/download", {"Content-Disposition": 'attachment; filename="../../train.csv"'}, "train.csv"),
        ("/repo?Revision=master&FilePath=data/train.txt", {}, "train.txt"),
        ("/%E8%AE%AD%E7%BB%83.txt", {}, "训练.txt"),
        ("/", {}, "data"),
        ("/" + "x" * 300 + ".txt", {}, "x" * 116 + ".txt"),
        ("/x%00%0a%3A.txt", {}, "x___.txt"),
    ],
)
def test_what_a_file_is_called(server, cache, path, headers, name):
    server.files[path] = File(b"content", headers=headers)
    assert fetch(server.url(path), cache).name == name


def zip_of(files):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, text in files.items():
            archive.writestr(name, text)
    return buffer.getvalue()


def tar_gz_of(files):
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
        for name, text in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(text)
            archive.addfile(info, io.BytesIO(text.encode()))
    return buffer.getvalue()


SPLITS = {"train.txt": "a O\n", "test.txt": "b O\n"}


@pytest.mark.parametrize("content", [zip_of(SPLITS), tar_gz_of(SPLITS)], ids=["zip", "tar.gz"])
@pytest.mark.parametrize("path", ["/corpus", "/repo?FilePath=corpus", "/corpus.bin"])
def test_an_archive_is_known_by_its_content(server, cache, content, path):
    server.files[path] = File(content)
    found = find_splits(server.url(path), cache_dir=cache)
    assert {split: paths[0].read_text() for split, paths in found.items()} == {"train": "a O\n", "test": "b O\n"}


def test_splits_may_lie_anywhere(server, cache, tmp_path):
    (tmp_path / "test.txt").write_text("c O\n")
    server.files.update(
        {"/a.txt": File(b"a O\n"), "/b.txt.gz": File(gzip.compress(b"b O\n")), "/c": File(zip_of({"x": "d O\n"}))}
    )
    files = {"train": [server.url("/a.txt"), server.url("/b.txt.gz")], "dev": server.url("/c"), "test": "test.txt"}
    found = find_splits(files, [tmp_path], cache)
    texts = {split: [path.read_text() for path in paths] for split, paths in found.items()}
    assert texts == {"train": ["a O\n", "b O\n"], "valid": ["d O\n"], "test": ["c O\n"]}


def test_checksums_by_split(server, cache):
    server.files.update({"/a.txt": File(b"a O\n"), "/b.txt": File(b"b O\n")})
    files = {"train": server.url("/a.txt"), "test": server.url("/b.txt")}
    good = {
        "train": hashlib.sha256(b"a O\n").hexdigest(),
        "test": "sha1:" + hashlib.sha1(b"b O\n").hexdigest(),
    }
    assert set(find_splits(files, cache_dir=cache, checksum=good)) == {"train", "test"}
    with pytest.raises(DataError, match="b.txt: this is not the file that dataset.checksum means"):
        find_splits(files, cache_dir=cache, checksum={"test": "md5:" + "0" * 32})
    for checksum, message in (
        (good["train"], "dataset.checksum is a single one, but dataset.data_file names several"),
        ({"valid": good["train"]}, "dataset.checksum names 'valid', for which dataset.data_file has no file"),
        ({"train": [good["train"]] * 2}, "dataset.checksum.train has 2 checksums for 1 files"),
        ({"train": "sha257:00"}, "no checksum of the kind 'sha257'; did you mean 'sha256'"),
        ({"train": "xyz"}, "'xyz' is no checksum: sha256 has 64 hexadecimal digits"),
    ):
        with pytest.raises(AdaSeqError, match=message):
            find_splits(files, cache_dir=cache, checksum=checksum)
