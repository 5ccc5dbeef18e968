"""What somebody might put into an archive to do harm."""

import bz2
import gzip
import io
import lzma
import struct
import tarfile
import zipfile

import pytest

from adaseq.data.sources import archives
from adaseq.errors import DataError
from tests.data.sources.test_archives import make_tar, make_zip


def left_behind(cache):
    return sorted(path.name for path in (cache / "archives").iterdir()) if (cache / "archives").exists() else []


def refused(path, cache, reason):
    with pytest.raises(DataError, match=reason):
        archives.unpacked(path, cache)
    assert left_behind(cache) == []


def compressed_tar(path, blocks, opener):
    with opener(path, "wb") as file:
        for block in blocks:
            file.write(block)
    return path


def header(name, size, kind=tarfile.REGTYPE):
    info = tarfile.TarInfo(name)
    info.size, info.type = size, kind
    return info.tobuf(tarfile.GNU_FORMAT)


@pytest.mark.parametrize(("ending", "opener"), [(".tar.gz", gzip.open), (".tar.bz2", bz2.open), (".tar.xz", lzma.open)])
@pytest.mark.parametrize("kind", [tarfile.XHDTYPE, tarfile.XGLTYPE, tarfile.GNUTYPE_LONGNAME, tarfile.GNUTYPE_LONGLINK])
def test_a_header_that_would_fill_the_memory(tmp_path, ending, opener, kind):
    size = 8 << 20
    blocks = [header("x", size, kind), b"0" * size, header("train.txt", 0), b"\0" * 1024]
    path = compressed_tar(tmp_path / f"a{ending}", blocks, opener)
    refused(path, tmp_path / "cache", "the header of an entry has more than 1048576 bytes: it looks like a bomb")


@pytest.mark.parametrize(("ending", "opener"), [(".tar.gz", gzip.open), (".tar.bz2", bz2.open), (".tar.xz", lzma.open)])
def test_a_bomb_in_a_compressed_tar(tmp_path, monkeypatch, ending, opener):
    monkeypatch.setattr(archives, "_FREE_SIZE", 100_000)
    size = 4 << 20
    path = compressed_tar(tmp_path / f"a{ending}", [header("train.txt", size), b"\0" * size, b"\0" * 1024], opener)
    refused(path, tmp_path / "cache", "the archive would unpack to far more than its size: it looks like a bomb")


def test_an_entry_that_claims_more_than_there_is(tmp_path):
    path = tmp_path / "a.tar"
    path.write_bytes(header("train.txt", 1 << 40) + b"a O\n")
    refused(path, tmp_path / "cache", "looks like a bomb")
    path.write_bytes(header("train.txt", 4096) + b"a O\n")
    refused(path, tmp_path / "cache", "the archive cannot be read")


def test_a_zip_that_lies_about_the_size_of_an_entry(tmp_path, monkeypatch):
    monkeypatch.setattr(archives, "_FREE_SIZE", 10_000)
    path = make_zip(tmp_path / "a.zip", {"train.txt": "0" * 1_000_000})
    content = path.read_bytes().replace(struct.pack("<I", 1_000_000), struct.pack("<I", 100))
    path.write_bytes(content)
    refused(path, tmp_path / "cache", "looks like a bomb|cannot be read")


def test_overlapping_entries_of_a_zip(tmp_path, monkeypatch):
    monkeypatch.setattr(archives, "_FREE_SIZE", 10_000)
    path = make_zip(tmp_path / "a.zip", {"a": "0" * 100_000})
    with zipfile.ZipFile(path, "a") as archive:
        entry = archive.infolist()[0]
        for number in range(2000):
            copy = zipfile.ZipInfo(f"copy{number}")
            for name in ("CRC", "compress_size", "file_size", "header_offset", "compress_type"):
                setattr(copy, name, getattr(entry, name))
            archive.filelist.append(copy)
            archive.NameToInfo[copy.filename] = copy
        archive._didModify = True
    refused(path, tmp_path / "cache", "looks like a bomb|cannot be read")


def test_too_many_entries(tmp_path, monkeypatch):
    monkeypatch.setattr(archives, "MAX_ENTRIES", 10)
    files = {f"{i}.txt": "" for i in range(11)}
    refused(make_zip(tmp_path / "a.zip", files), tmp_path / "cache", "more than 10 entries: it looks like a bomb")
    refused(make_tar(tmp_path / "a.tar", files, "w"), tmp_path / "cache", "more than 10 entries: it looks like a bomb")


def test_a_name_that_stands_twice(tmp_path):
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for text in (b"first", b"second"):
            info = tarfile.TarInfo("train.txt")
            info.size = len(text)
            archive.addfile(info, io.BytesIO(text))
    (tmp_path / "a.tar").write_bytes(buffer.getvalue())
    folder = archives.unpacked(tmp_path / "a.tar", tmp_path / "cache")
    assert (folder / "train.txt").read_text() == "second"


@pytest.mark.parametrize("name", ["a\0b.txt", "/", ".", "a/./../../b", "\\\\host\\share\\x", "//host/x", "~/x", "C:x"])
def test_odd_names_stay_inside(tmp_path, name):
    cache = tmp_path / "cache"
    path = make_tar(tmp_path / "a.tar", {name: "x"}, "w")
    try:
        folder = archives.unpacked(path, cache)
    except DataError:
        assert left_behind(cache) == []
    else:
        assert all(each.resolve().is_relative_to(folder.resolve()) for each in folder.rglob("*"))
    assert {each.name for each in tmp_path.iterdir()} <= {"a.tar", "cache"}


def test_an_encrypted_entry(tmp_path):
    path = make_zip(tmp_path / "a.zip", {"train.txt": "a O\n"})
    content = bytearray(path.read_bytes())
    for signature, place in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        content[content.index(signature) + place] |= 1
    path.write_bytes(content)
    refused(path, tmp_path / "cache", "the entry 'train.txt' is encrypted")


@pytest.mark.parametrize(("ending", "opener"), [(".gz", gzip.open), (".bz2", bz2.open), (".xz", lzma.open)])
def test_single_compressed_files(tmp_path, monkeypatch, ending, opener):
    path = tmp_path / f"train.txt{ending}"
    with opener(path, "wb") as file:
        file.write(b"a O\n" * 100_000)
    plain = archives.decompressed(path, tmp_path / "cache")
    assert plain.name == "train.txt" and plain.read_bytes() == b"a O\n" * 100_000
    assert archives.sniff(path) == ending and archives.decompressed(path, tmp_path / "cache") == plain
    monkeypatch.setattr(archives, "_FREE_SIZE", 1000)
    with pytest.raises(DataError, match="the file would unpack to far more than its size: it looks like a bomb"):
        archives.decompressed(path, tmp_path / "other")
    assert left_behind(tmp_path / "other") == []
    monkeypatch.undo()
    path.write_bytes(path.read_bytes()[:-20])
    with pytest.raises(DataError, match="the compressed file cannot be read"):
        archives.decompressed(path, tmp_path / "other")
    assert left_behind(tmp_path / "other") == []
