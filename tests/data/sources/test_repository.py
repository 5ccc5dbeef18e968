"""Which files of a repository hold which split."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adaseq.data.sources.card import match_files, read_card
from adaseq.data.sources.repository import Repository, choose_files, is_only_script, of_folder
from adaseq.errors import DataError


def choose(files, card="", **options):
    def fetch(file):
        raise AssertionError(file)

    class Readme:
        def read_text(self, **_):
            return card

    repository = Repository(
        "news", [*files, "README.md"], lambda file: Readme() if file == "README.md" else fetch(file)
    )
    return choose_files(repository, **options).files


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        (["train.csv", "test.csv", "notes.txt"], {"train": ["train.csv"], "test": ["test.csv"]}),
        (["data/train-00000-of-00002.parquet", "data/train-00001-of-00002.parquet"], {"train": ["data/train-00000-of-00002.parquet", "data/train-00001-of-00002.parquet"]}),
        (["train/a.jsonl", "train/b.jsonl", "validation/c.jsonl"], {"train": ["train/a.jsonl", "train/b.jsonl"], "valid": ["validation/c.jsonl"]}),
        (["train.csv", "train.parquet"], {"train": ["train.parquet"]}),
        (["train/data-00000-of-00001.arrow", "train/state.json", "train/dataset_info.json", "dataset_dict.json"], {"train": ["train/data-00000-of-00001.arrow"]}),
        (["all.jsonl"], {"train": ["all.jsonl"]}),
        (["train.csv.gz", "dev.csv.gz"], {"train": ["train.csv.gz"], "valid": ["dev.csv.gz"]}),
    ],
)  # fmt: skip
def test_by_their_names(files, expected):
    assert choose(files) == expected


@pytest.mark.parametrize(
    ("files", "options", "message"),
    [
        (["a.csv", "b.csv"], {}, "news: it has no tables .* that are named after a split .* files: a.csv, b.csv"),
        (["train_a.csv", "train_b.csv"], {}, "several files could be the split 'train': train_a.csv, train_b.csv"),
        (["en/train.csv", "de/train.csv"], {}, "it has several subsets; name one with dataset.subset_name: de, en"),
        (["en/train.csv"], {"subset": "emm"}, "dataset.subset_name: there is no 'emm'. It has the folders en"),
        (["x/train.csv"], {"data_dir": "y"}, "dataset.data_dir: there is no 'y'. It has the folders x"),
        ([], {}, "files: none"),
    ],
)
def test_when_they_do_not_tell(files, options, message):
    with pytest.raises(DataError, match=message):
        choose(files, **options)


def test_a_subset_or_a_folder_is_enough():
    files = ["en/train.csv", "de/train.csv"]
    assert choose(files, subset="de") == {"train": ["de/train.csv"]}
    assert choose(files, data_dir="en/") == {"train": ["en/train.csv"]}


def test_what_a_card_says():
    card = read_card(
        "---\nconfigs:\n- config_name: a\n  data_dir: x\n- config_name: b\n  default: true\n  data_files:\n"
        "  - split: train\n    path: ['t*.csv', 'u.csv']\n  - split: validation\n    path: v.csv\n---\n"
    )
    assert card.patterns == {"a": {"": ["x/**"]}, "b": {"train": ["t*.csv", "u.csv"], "valid": ["v.csv"]}}
    assert card.choose(None, "news") == "b" and card.choose("a", "news") == "a"


@pytest.mark.parametrize(
    "text", ["", "# Title", "---\n[\n---\n", "---\n- 1\n---\n", "---\nconfigs: 3\n---\n", "---\na: *b\n---\n"]
)
def test_a_card_that_says_nothing(text):
    assert read_card(text) == ({}, None, {})


@given(st.text(alphabet="-:#[]{}\n abcd&*!'\"configs data_files path split", max_size=200))
def test_no_card_is_an_exception(text):
    read_card(f"---\n{text}\n---\n")


@given(st.text(alphabet="ab*?[]!/.", max_size=12))
def test_no_pattern_is_an_exception(pattern):
    assert set(match_files(["a/b", "ab"], [pattern])) <= {"a/b", "ab"}


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ("*.csv", ["a.csv"]),
        ("**/*.csv", ["a.csv", "x/b.csv", "x/y/c.csv"]),
        ("x/*", ["x/b.csv"]),
        ("x/**", ["x/b.csv", "x/y/c.csv"]),
        ("[ab].csv", ["a.csv"]),
        ("./a.csv", ["a.csv"]),
    ],
)
def test_patterns(pattern, expected):
    assert match_files(["x/y/c.csv", "a.csv", "x/b.csv"], [pattern]) == expected


def test_a_folder_is_a_repository(tmp_path):
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "train.csv").touch()
    repository = of_folder(tmp_path)
    assert repository.files == ["data/train.csv"] and repository.fetch("data/train.csv").exists()


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        (["a.py", "README.md"], True),
        (["a.py", "train.txt"], False),
        (["README.md"], False),
        (["a.py", "dataset_infos.json"], True),
    ],
)
def test_what_is_only_a_script(files, expected):
    assert is_only_script(files) is expected
