"""Where the files of a split are found."""

import os
import zipfile

import pytest

from adaseq.data.sources.local import find_in_folder, find_splits
from adaseq.errors import AdaSeqError, DataError


def touch(folder, *names):
    folder.mkdir(parents=True, exist_ok=True)
    for name in names:
        (folder / name).write_text("a O\n")
    return folder


def test_named_files(tmp_path):
    touch(tmp_path, "a.txt", "b.txt", "c.txt")
    found = find_splits({"train": ["a.txt", "b.txt"], "dev": str(tmp_path / "c.txt")}, [tmp_path])
    assert found == {"train": [tmp_path / "a.txt", tmp_path / "b.txt"], "valid": [tmp_path / "c.txt"]}


def test_the_first_base_that_leads_somewhere_wins(tmp_path):
    near, far = touch(tmp_path / "near", "a.txt"), touch(tmp_path / "far", "a.txt", "b.txt")
    found = find_splits({"train": "a.txt", "test": "b.txt"}, [near, far])
    assert found == {"train": [near / "a.txt"], "test": [far / "b.txt"]}


def test_all_missing_files_are_named_at_once(tmp_path):
    with pytest.raises(DataError) as caught:
        find_splits({"train": "x.txt", "test": "y.txt"}, [tmp_path])
    assert str(caught.value) == (
        "dataset.data_file.train: there is no file or folder 'x.txt'\n"
        "dataset.data_file.test: there is no file or folder 'y.txt'\n"
        f"Relative paths begin in '{tmp_path}'."
    )


def test_an_unknown_split_proposes_the_nearest(tmp_path):
    with pytest.raises(AdaSeqError, match="no split 'tain'; did you mean 'train'"):
        find_splits({"tain": "x"}, [tmp_path])


def test_a_split_named_twice_is_an_error(tmp_path):
    touch(tmp_path, "a", "b")
    with pytest.raises(AdaSeqError, match="names the split 'valid' twice, as 'dev' and as 'valid'"):
        find_splits({"dev": "a", "valid": "b"}, [tmp_path])


@pytest.mark.parametrize(
    "names",
    [
        ["train.txt", "dev.txt", "test.txt"],
        ["corpus_train.char.bmes", "corpus_valid.char.bmes", "corpus_test.char.bmes", "README"],
        ["en_ewt-ud-train.conllu", "en_ewt-ud-dev.conllu", "en_ewt-ud-test.conllu", "latest.txt", "train.txt.bak"],
        ["train", "validation", "test", "train.tmp"],
    ],
)
def test_usual_names_in_a_folder(tmp_path, names):
    found = find_in_folder(touch(tmp_path, *names))
    assert {split: [path.name for path in paths] for split, paths in found.items()} == {
        "train": [names[0]],
        "valid": [names[1]],
        "test": [names[2]],
    }


def test_two_candidates_are_an_error(tmp_path):
    touch(tmp_path, "train.txt", "train.json", "test.txt")
    with pytest.raises(DataError, match="several files could be the split 'train': train.json, train.txt"):
        find_splits(str(tmp_path))


def test_a_folder_without_splits_is_an_error(tmp_path):
    with pytest.raises(DataError, match="no file here is named after a split .* files: data.txt"):
        find_splits(str(touch(tmp_path, "data.txt")))


def test_an_archive_without_splits_is_named(tmp_path):
    path = tmp_path / "corpus.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("data.txt", "a O")
    with pytest.raises(DataError, match=r"corpus\.zip: no file here is named after a split .* files: data.txt"):
        find_splits(str(path), cache_dir=tmp_path / "cache")


def test_what_can_be_read_only_once_is_refused(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(DataError, match="dataset.data_file.train: 'pipe' is a pipe or a device, which cannot be read"):
        find_splits({"train": "pipe"}, [tmp_path])


def test_a_split_without_a_file_is_an_error(tmp_path):
    with pytest.raises(AdaSeqError, match="dataset.data_file.dev names no file; name one, or leave it out"):
        find_splits({"train": "a", "dev": []}, [tmp_path])


def test_a_single_file_is_training_data(tmp_path):
    touch(tmp_path, "all.txt")
    assert find_splits("all.txt", [tmp_path]) == {"train": [tmp_path / "all.txt"]}
