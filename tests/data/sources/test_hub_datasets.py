"""Data sets by name: from both hubs, with their subsets, cards and scripts, and when they do not answer."""

import json
import logging

import pyarrow
import pyarrow.parquet
import pytest

from adaseq.data.dataset_manager import DatasetManager
from adaseq.data.sources import hub_datasets
from adaseq.errors import DataError
from tests.data.sources.hub_servers import TOKEN, HuggingFace, ModelScope
from tests.data.sources.web_server import serving

TASK = "named-entity-recognition"
NAMES = ["O", "B-PER", "I-PER", "B-LOC", "I-LOC"]
ROWS = [
    {"tokens": ["Ann", "Lee", "left"], "ner_tags": [1, 2, 0]},
    {"tokens": ["in", "Rome"], "ner_tags": [0, 3]},
]
CARD = """\
---
dataset_info:
  features:
  - name: tokens
    sequence: string
  - name: ner_tags
    sequence:
      class_label:
        names:
          '0': O
          '1': B-PER
          '2': I-PER
          '3': B-LOC
          '4': I-LOC
---
# A data set
"""


def parquet(rows, tmp_path):
    feature = {"feature": {"names": NAMES, "_type": "ClassLabel"}, "_type": "List"}
    about = json.dumps({"info": {"features": {"ner_tags": feature}}})
    table = pyarrow.Table.from_pylist(rows).replace_schema_metadata({"huggingface": about})
    pyarrow.parquet.write_table(table, tmp_path / "table.parquet")
    return (tmp_path / "table.parquet").read_bytes()


def jsonl(rows):
    return "".join(json.dumps(row) + "\n" for row in rows).encode()


@pytest.fixture(autouse=True)
def waits(monkeypatch):
    """No pause is waited for, in our code or in the clients'."""
    waited = []
    monkeypatch.setattr(hub_datasets, "wait", waited.append)
    monkeypatch.setattr("time.sleep", lambda seconds: None)
    return waited


@pytest.fixture
def huggingface(monkeypatch, tmp_path):
    from huggingface_hub import constants

    with serving(HuggingFace) as hub:
        monkeypatch.setenv("HF_ENDPOINT", hub.address)
        monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
        monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "hf"))
        monkeypatch.setattr(constants, "HF_TOKEN_PATH", str(tmp_path / "no-token"))
        yield hub


@pytest.fixture
def modelscope(monkeypatch, tmp_path):
    with serving(ModelScope) as hub:
        monkeypatch.setenv("MODELSCOPE_ENDPOINT", hub.address)
        monkeypatch.setenv("MODELSCOPE_CACHE", str(tmp_path / "ms"))
        monkeypatch.setenv("MODELSCOPE_HOME", str(tmp_path / "ms-home"))
        yield hub


@pytest.fixture(params=["huggingface", "modelscope"])
def hub(request):
    """Either hub, and the keys by which `me/news` on it is named."""
    hub = request.getfixturevalue(request.param)
    if request.param == "huggingface":
        return hub, {"path": "me/news"}, "main"
    return hub, {"name": "news", "namespace": "me"}, "master"


def load(tmp_path, **dataset):
    return DatasetManager.from_config(
        dataset, TASK, base_dirs=[tmp_path], cache_dir=tmp_path / "cache", has_evaluation=False
    )


def sizes(data):
    return {name: len(split) for name, split in data.splits.items()}


FILES = {"README.md": CARD.encode(), "data/train.jsonl": jsonl(ROWS), "data/validation.jsonl": jsonl(ROWS[:1])}


def test_a_data_set_by_name(hub, tmp_path):
    hub, named, revision = hub
    hub.repositories["me/news", revision] = dict(FILES)
    data = load(tmp_path, **named)
    assert sizes(data) == {"train": 2, "valid": 1} and data.labels == ["LOC", "PER"]
    assert data.splits["train"][0].spans == [{"start": 0, "end": 2, "type": "PER"}]


def test_a_second_run_fetches_nothing(hub, tmp_path):
    hub, named, revision = hub
    hub.repositories["me/news", revision] = dict(FILES)
    load(tmp_path, **named)
    first = len(hub.requests)
    data = load(tmp_path, **named)
    assert sizes(data) == {"train": 2, "valid": 1}
    bodies = [path for path in hub.asked()[first:] if "FilePath" in path]
    assert bodies == [] and len(hub.requests) - first < first


def test_a_changed_file_is_noticed(hub, tmp_path):
    hub, named, revision = hub
    hub.repositories["me/news", revision] = dict(FILES)
    load(tmp_path, **named)
    hub.repositories["me/news", revision]["data/train.jsonl"] = jsonl(ROWS * 3)
    assert sizes(load(tmp_path, **named))["train"] == 6


def test_a_revision(hub, tmp_path):
    hub, named, revision = hub
    hub.repositories["me/news", revision] = dict(FILES)
    hub.repositories["me/news", "v2"] = {**FILES, "data/train.jsonl": jsonl(ROWS * 2)}
    assert sizes(load(tmp_path, **named, revision="v2"))["train"] == 4


def test_the_hub_is_gone_and_the_copy_is_used(request, tmp_path, hub, caplog, monkeypatch):
    hub, named, revision = hub
    hub.repositories["me/news", revision] = dict(FILES)
    load(tmp_path, **named)
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")
    monkeypatch.setenv("MODELSCOPE_ENDPOINT", "http://127.0.0.1:9")
    assert sizes(load(tmp_path, **named)) == {"train": 2, "valid": 1}
    assert "no connection to the hub" in caplog.text and "using what was fetched before" in caplog.text


def test_the_hub_is_gone_and_there_is_no_copy(hub, tmp_path, monkeypatch):
    _, named, _ = hub
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")
    monkeypatch.setenv("MODELSCOPE_ENDPOINT", "http://127.0.0.1:9")
    with pytest.raises(DataError, match="me/news on (Hugging Face|ModelScope): no connection to the hub"):
        load(tmp_path, **named)


@pytest.mark.parametrize("status", [429, 500, 503])
def test_what_may_pass_is_tried_again(hub, tmp_path, status):
    hub, named, revision = hub
    hub.repositories["me/news", revision] = dict(FILES)
    hub.failures = [status] * 2
    assert sizes(load(tmp_path, **named)) == {"train": 2, "valid": 1}


def test_it_is_not_tried_for_ever(hub, tmp_path):
    hub, named, _ = hub
    hub.failures = [500] * 200
    with pytest.raises(DataError, match=r"me/news on .*: .*500"):
        load(tmp_path, **named)


def test_a_cut_connection(hub, tmp_path):
    hub, named, revision = hub
    hub.repositories["me/news", revision] = {**FILES, "data/train.jsonl": jsonl(ROWS * 5000)}
    hub.cuts = [10_000_000, 200_000]
    assert sizes(load(tmp_path, **named))["train"] == 10000


def test_there_is_no_such_data_set(hub, tmp_path):
    _, named, _ = hub
    with pytest.raises(
        DataError, match=r"there is no 'me/news' \(404\); a private one is found only with dataset.access_token"
    ):
        load(tmp_path, **named)


def test_a_private_one_needs_a_token_which_nobody_sees(hub, tmp_path, caplog):
    hub, named, revision = hub
    hub.repositories["me/news", revision] = dict(FILES)
    hub.private.add("me/news")
    with pytest.raises(DataError, match=r"(denied \(403\)|is no 'me/news' \(404\)).*dataset.access_token"):
        load(tmp_path, **named)
    with pytest.raises(DataError) as caught:
        load(tmp_path, **named, access_token="wrong-s3cret")
    assert "s3cret" not in str(caught.value)
    with caplog.at_level(logging.DEBUG):
        data = load(tmp_path, **named, access_token=TOKEN)
    assert sizes(data) == {"train": 2, "valid": 1}
    ours = [record.getMessage() for record in caplog.records if record.name.startswith("adaseq")]
    assert not [message for message in ours if TOKEN in message]
    hub.failures = [500] * 200
    with pytest.raises(DataError) as caught:
        load(
            tmp_path,
            **{**named, **({"path": "me/other"} if "path" in named else {"name": "other"})},
            access_token=TOKEN,
        )
    assert TOKEN not in str(caught.value)


def test_parquet_names_its_classes_itself(huggingface, tmp_path):
    shards = {f"data/train-0000{i}-of-00002.parquet": parquet(ROWS, tmp_path) for i in (0, 1)}
    huggingface.repositories["me/news", "main"] = {
        **shards,
        "data/test-00000-of-00001.parquet": parquet(ROWS[:1], tmp_path),
    }
    data = load(tmp_path, path="me/news")
    assert sizes(data) == {"train": 4, "test": 1} and data.labels == ["LOC", "PER"]


SUBSETS = """\
---
configs:
- config_name: en
  data_files:
  - split: train
    path: en/*.jsonl
  - split: test
    path: [more/en-test.jsonl]
- config_name: de
  data_files: de/**
---
"""


def test_subsets_that_a_card_names(huggingface, tmp_path):
    huggingface.repositories["me/news", "main"] = {
        "README.md": SUBSETS.encode(),
        "en/a.jsonl": jsonl(ROWS),
        "en/b.jsonl": jsonl(ROWS),
        "more/en-test.jsonl": jsonl(ROWS),
        "de/train.jsonl": jsonl(ROWS[:1]),
    }
    names = {"names": {"ner_tags": NAMES}}
    assert sizes(load(tmp_path, path="me/news", subset_name="en", **names)) == {"train": 4, "test": 2}
    assert sizes(load(tmp_path, path="me/news", name="de", **names)) == {"train": 1}
    with pytest.raises(DataError, match="it has several subsets; name one with dataset.subset_name: en, de"):
        load(tmp_path, path="me/news")
    with pytest.raises(DataError, match="there is no subset 'enn'; did you mean 'en'"):
        load(tmp_path, path="me/news", subset_name="enn")


def test_a_script_is_replaced_by_the_tables_that_the_hub_made_of_it(huggingface, tmp_path):
    huggingface.repositories["me/news", "main"] = {"news.py": b"import datasets", "README.md": b"# News"}
    huggingface.repositories["me/news", "refs/convert/parquet"] = {
        "default/train/0000.parquet": parquet(ROWS, tmp_path),
        "default/validation/0000.parquet": parquet(ROWS[:1], tmp_path),
    }
    assert sizes(load(tmp_path, path="me/news")) == {"train": 2, "valid": 1}


def test_a_script_alone_is_an_error_that_names_the_way_out(hub, tmp_path):
    hub, named, revision = hub
    hub.repositories["me/news", revision] = {"news.py": b"import datasets", "README.md": b"# News"}
    with pytest.raises(DataError) as caught:
        load(tmp_path, **named)
    assert str(caught.value).endswith(
        ": it is a loading script. Such scripts are not run any more, neither by AdaSeq nor by today's `datasets`. What "
        "replaces them is a reader plugin: a class of yours that yields the examples, named as dataset.data_type: "
        "my_module:MyReader (see docs/data_sources.md, 'Bring your own reader')"
    )


def test_files_of_any_format(hub, tmp_path):
    hub, named, revision = hub
    text = b"Ann B-PER\nleft O\n"
    hub.repositories["me/news", revision] = {"news.py": b"", "train.txt": text, "dev.txt": text, "LICENSE": b"free"}
    data = load(tmp_path, **named, data_type="conll")
    assert sizes(data) == {"train": 1, "valid": 1} and data.labels == ["PER"]


def test_an_archive_in_a_repository(hub, tmp_path):
    from tests.data.sources.test_archives import make_zip

    hub, named, revision = hub
    path = make_zip(tmp_path / "news.zip", {"news/train.txt": "Ann B-PER\n", "news/test.txt": "Bo B-PER\n"})
    hub.repositories["me/news", revision] = {"news.zip": path.read_bytes(), "README.md": b""}
    assert sizes(load(tmp_path, **named, data_type="conll")) == {"train": 1, "test": 1}


def test_unusual_names_of_splits(huggingface, tmp_path):
    huggingface.repositories["me/news", "main"] = {
        "README.md": CARD.encode(),
        "data/train-00000-of-00001.jsonl": jsonl(ROWS),
        "data/matched-00000-of-00001.jsonl": jsonl(ROWS[:1]),
    }
    assert sizes(load(tmp_path, path="me/news", splits={"valid": "matched"})) == {"train": 2, "valid": 1}
    with pytest.raises(DataError, match="dataset.splits.valid: there is no split 'mtched'"):
        load(tmp_path, path="me/news", splits={"valid": "mtched"})


@pytest.mark.parametrize(
    "transform", ["hf_ner_to_adaseq", {"name": "hf_ner_to_adaseq", "key": "ner_tags", "scheme": "bio"}]
)
def test_the_old_transform(huggingface, tmp_path, transform):
    huggingface.repositories["me/news", "main"] = dict(FILES)
    assert load(tmp_path, path="me/news", transform=transform).labels == ["LOC", "PER"]


def test_the_old_transform_leaves_out_types(huggingface, tmp_path):
    huggingface.repositories["me/news", "main"] = dict(FILES)
    transform = {"name": "hf_ner_to_adaseq", "classes_to_ignore": ["LOC"]}
    data = load(tmp_path, path="me/news", transform=transform)
    assert data.labels == ["PER"] and data.splits["train"][1].spans == []
