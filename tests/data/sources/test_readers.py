"""Readers of a user's own, for data that is not one file per split."""

import shutil
import sys
from pathlib import Path

import pytest

from adaseq.config import load_config
from adaseq.data.dataset_manager import DatasetManager
from adaseq.data.example import Example
from adaseq.data.formats.split_reader import SplitReader
from adaseq.errors import AdaSeqError, DataError
from tests.data.sources.web_server import File, serving

ROOT = Path(__file__).resolve().parents[3]
EXAMPLE = ROOT / "examples" / "own_reader"
TASK = "named-entity-recognition"


@pytest.fixture
def example(tmp_path, monkeypatch):
    """The example of the docs, copied, so that it may be changed."""
    folder = shutil.copytree(EXAMPLE, tmp_path / "example")
    monkeypatch.setattr(sys, "path", [*sys.path])
    monkeypatch.chdir(tmp_path)
    yield folder
    sys.modules.pop("gazette_reader", None)


def load(config, tmp_path):
    return DatasetManager.from_config(
        config.dataset, config.task, base_dirs=config.base_dirs, cache_dir=tmp_path / "cache"
    )


def spans_of(split):
    return [[(" ".join(e.tokens[s["start"] : s["end"]]), s["type"]) for s in e.spans] for e in split]


def test_the_example_of_the_docs(example, tmp_path):
    config = load_config(example / "gazette.yaml")
    data = load(config, tmp_path)
    assert {name: len(split) for name, split in data.splits.items()} == {"train": 4, "valid": 1, "test": 1}
    assert spans_of(data.splits["train"])[:2] == [
        [("Ingrid Solheim", "PER"), ("Vardal", "LOC")],
        [("Kestrel Shipping", "ORG")],
    ]
    assert data.splits["test"][0].origin.endswith("ferry.txt:1") and data.labels == ["LOC", "ORG", "PER"]


def test_its_options_are_checked(example):
    with pytest.raises(
        AdaSeqError, match="dataset.ignored_typos: unknown key 'ignored_typos'; did you mean 'ignored_types'"
    ):
        load_config(example / "gazette.yaml", ["dataset.ignored_typos=[DATE]"])


def test_the_folder_may_be_an_archive_on_the_web(example, tmp_path):
    archive = shutil.make_archive(str(tmp_path / "gazette"), "zip", example / "gazette")
    with serving() as server:
        server.files["/gazette.zip"] = File(Path(archive).read_bytes())
        config = load_config(example / "gazette.yaml", [f"dataset.data_file={server.url('/gazette.zip')}"])
        assert len(load(config, tmp_path).splits["train"]) == 4


def test_what_changes_is_read_anew(example, tmp_path):
    config = load_config(example / "gazette.yaml")
    before = load(config, tmp_path).fingerprints
    assert load(config, tmp_path).fingerprints == before
    with (example / "gazette" / "articles" / "ferry.txt").open("a") as file:
        file.write("[Ada Nowak](PER) waits.\n")
    assert len(load(config, tmp_path).splits["test"]) == 2
    source = example / "gazette_reader.py"
    source.write_text(source.read_text() + "\n# changed\n")
    after = load(config, tmp_path).fingerprints
    assert not set(before.values()) & set(after.values())


class Counting(SplitReader):
    """Counts to three, without any file."""

    reads = 0
    version = "1"

    def splits(self, place):
        return ["train", "test"]

    def read_split(self, split, place):
        assert place is None
        type(self).reads += 1
        for word in ["one", "two", "three"]:
            yield Example(word, [word], [{"start": 0, "end": 1, "type": split.upper()}])

    def fingerprint(self, split, place):
        return f"{split} {self.version}"


class Nameless(Counting):
    fingerprint = SplitReader.fingerprint


class Empty(Counting):
    def read_split(self, split, place):
        yield from ()


class Odd(Counting):
    def splits(self, place):
        return ["train", "tset"]


class Useless(Counting):
    def splits(self, place):
        return []


def read(kind, tmp_path, **dataset):
    return DatasetManager.from_config(
        {"data_type": f"{kind.__module__}:{kind.__qualname__}", **dataset},
        TASK,
        cache_dir=tmp_path,
        base_dirs=[tmp_path],
    )


@pytest.fixture(autouse=True)
def importable(monkeypatch):
    monkeypatch.setitem(sys.modules, Counting.__module__, sys.modules[Counting.__module__])


def test_a_reader_may_need_no_file(tmp_path, monkeypatch):
    monkeypatch.setattr(Counting, "reads", 0)
    data = read(Counting, tmp_path)
    assert {name: len(split) for name, split in data.splits.items()} == {"train": 3, "test": 3, "valid": 3}
    assert "from the reader" in data.describe()
    read(Counting, tmp_path)
    assert Counting.reads == 2
    monkeypatch.setattr(Counting, "version", "2")
    read(Counting, tmp_path)
    assert Counting.reads == 4


@pytest.mark.parametrize(
    ("kind", "message"),
    [
        (
            Nameless,
            "Nameless reads no file, so that AdaSeq cannot see when its data changes: give it a method fingerprint",
        ),
        (Empty, "Empty found no sentence for the split 'train'"),
        (Odd, "Odd says that there is a split 'tset'; did you mean 'test'"),
        (Useless, "Useless finds no split"),
    ],
)
def test_what_a_reader_must_do(tmp_path, kind, message):
    with pytest.raises(AdaSeqError, match=message):
        read(kind, tmp_path)


def test_other_formats_need_files(tmp_path):
    with pytest.raises(AdaSeqError, match="dataset names no data: give data_file"):
        DatasetManager.from_config({"data_type": "conll"}, TASK)


class Listing(SplitReader):
    """The names of the files of a folder."""

    def splits(self, place):
        return ["train"]

    def read_split(self, split, place):
        for path in sorted(place.iterdir()):
            yield Example(path.name, [path.name], [{"start": 0, "end": 1, "type": split}])


def test_each_split_may_have_a_place_of_its_own(tmp_path):
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        (tmp_path / name / f"{name}.txt").touch()
    data = read(Listing, tmp_path, data_file={"train": ["a", "b"], "dev": "b"})
    assert [each.tokens for each in data.splits["train"]] == [["a.txt"], ["b.txt"]]
    assert [each.tokens for each in Listing().read(tmp_path / "a")] == [["a.txt"]]
    (tmp_path / "empty").mkdir()
    with pytest.raises(DataError, match="there is no file in this folder"):
        read(Listing, tmp_path, data_file="empty")
