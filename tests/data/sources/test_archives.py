"""Archives write nowhere but into their own folder, and not without end."""

import errno
import gzip
import io
import tarfile
import zipfile

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from adaseq.data.sources import archives
from adaseq.data.sources.local import find_splits
from adaseq.errors import AdaSeqError, DataError


def make_zip(path, files):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return path


def make_tar(path, files, mode):
    with tarfile.open(path, mode) as archive:
        for name, content in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content.encode()))
    return path


FILES = {"corpus/train.txt": "a O\n", "corpus/test.txt": "b O\n"}


@pytest.mark.parametrize("suffix", ["zip", "tar", "tar.gz", "tgz", "tar.bz2", "tar.xz"])
def test_every_kind_is_unpacked_once(tmp_path, suffix, monkeypatch):
    path = tmp_path / f"data.{suffix}"
    mode = {"tar": "w", "tar.gz": "w:gz", "tgz": "w:gz", "tar.bz2": "w:bz2", "tar.xz": "w:xz"}.get(suffix)
    make_tar(path, FILES, mode) if mode else make_zip(path, FILES)
    found = find_splits(str(path), cache_dir=tmp_path / "cache")
    assert {split: paths[0].read_text() for split, paths in found.items()} == {"train": "a O\n", "test": "b O\n"}
    monkeypatch.setattr(archives, "_entries", None)
    assert find_splits(str(path), cache_dir=tmp_path / "cache") == found


@pytest.mark.parametrize(
    "name", ["../train.txt", "/etc/train.txt", "a/../../train.txt", "..\\train.txt", "C:\\train.txt"]
)
def test_entries_that_lead_out_are_refused(tmp_path, name):
    for path in (make_zip(tmp_path / "a.zip", {name: "x"}), make_tar(tmp_path / "a.tar", {name: "x"}, "w")):
        with pytest.raises(DataError, match="leads out of the archive"):
            archives.unpacked(path, tmp_path / "cache")
    assert not list((tmp_path / "cache" / "archives").iterdir())


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.FIFOTYPE, tarfile.CHRTYPE])
def test_links_and_devices_are_refused(tmp_path, kind):
    with tarfile.open(tmp_path / "a.tar", "w") as archive:
        info = tarfile.TarInfo("train.txt")
        info.type, info.linkname = kind, "/etc/passwd"
        archive.addfile(info)
    with pytest.raises(DataError, match="the entry 'train.txt' is a link or a device"):
        archives.unpacked(tmp_path / "a.tar", tmp_path / "cache")


def test_a_link_in_a_zip_is_refused(tmp_path):
    info = zipfile.ZipInfo("train.txt")
    info.external_attr = 0o120777 << 16
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr(info, "/etc/passwd")
    with pytest.raises(DataError, match="is a link"):
        archives.unpacked(tmp_path / "a.zip", tmp_path / "cache")


def test_a_bomb_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(archives, "_FREE_SIZE", 1000)
    path = make_zip(tmp_path / "a.zip", {"train.txt": "0" * 1_000_000})
    with pytest.raises(DataError, match="looks like a bomb"):
        archives.unpacked(path, tmp_path / "cache")


@pytest.mark.parametrize("name", ["a.zip", "a.tar", "a.tar.gz", "a.tar.xz"])
@pytest.mark.parametrize("content", [b"", b"garbage" * 100])
def test_a_damaged_archive_is_an_error(tmp_path, name, content):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(DataError, match="cannot be read"):
        archives.unpacked(tmp_path / name, tmp_path / "cache")


@pytest.mark.parametrize("mode", ["w:gz", "w:xz", "w:bz2"])
def test_a_cut_archive_is_an_error(tmp_path, mode):
    path = make_tar(tmp_path / f"a.tar.{mode[2:]}", {"train.txt": "".join(map(str, range(100_000)))}, mode)
    path.write_bytes(path.read_bytes()[:-200])
    with pytest.raises(DataError, match="cannot be read"):
        archives.unpacked(path, tmp_path / "cache")


@pytest.mark.parametrize(
    "files", [{"a": "", "a/b": ""}, {"a/b": "", "a": ""}, {"x" * 300: ""}], ids=["file-folder", "folder-file", "long"]
)
def test_entries_that_cannot_be_written_are_an_error(tmp_path, files):
    with pytest.raises(
        DataError, match="a.zip: the archive cannot be read: (File exists|Is a directory|File name too long)"
    ):
        archives.unpacked(make_zip(tmp_path / "a.zip", files), tmp_path / "cache")
    assert not list((tmp_path / "cache" / "archives").iterdir())


@pytest.mark.parametrize("suffix", ["zip", "tar", "tar.gz", "tar.bz2", "tar.xz"])
@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(places=st.lists(st.tuples(st.integers(0), st.integers(0, 255)), min_size=1, max_size=4))
def test_damage_anywhere_gives_the_files_or_an_error(tmp_path, suffix, places):
    path = tmp_path / f"data.{suffix}"
    mode = {"tar": "w"}.get(suffix, f"w:{suffix[4:]}")
    make_zip(path, FILES) if suffix == "zip" else make_tar(path, FILES, mode)
    content = bytearray(path.read_bytes())
    for place, value in places:
        content[place % len(content)] = value
    path.write_bytes(content)
    try:
        folder = archives.unpacked(path, tmp_path / "cache")
    except DataError as error:
        assert str(error).startswith(f"{path}: ")
    else:
        assert folder.parent == tmp_path / "cache" / "archives"


def test_a_compressed_file_under_another_name_is_another_file(tmp_path):
    content = gzip.compress(b"text\tlabel\n", mtime=0)
    for name in ("train.csv", "train.tsv", "train.csv"):
        (tmp_path / f"{name}.gz").write_bytes(content)
        found = find_splits({"train": str(tmp_path / f"{name}.gz")}, cache_dir=tmp_path / "cache")["train"]
        assert [path.name for path in found] == [name] and found[0].read_bytes() == b"text\tlabel\n"


def test_a_full_disk_is_no_fault_of_the_file(tmp_path, monkeypatch):
    def full(source, sink):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(archives.shutil, "copyfileobj", full)
    (tmp_path / "train.txt.gz").write_bytes(gzip.compress(b"a O\n"))
    with pytest.raises(AdaSeqError, match="^Cannot write .*: there is no space left on the disk"):
        find_splits({"train": str(tmp_path / "train.txt.gz")}, cache_dir=tmp_path / "cache")
