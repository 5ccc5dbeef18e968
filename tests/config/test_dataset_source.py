"""The keys that say where data comes from, checked without a connection."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from adaseq.config import Config, ConfigError, load_config

SECRET = "s3cret-value"


def load(dataset: dict[str, Any], **more: Any) -> Config:
    model = {"embedder": {"type": "embedding", "embedding_dim": 8}}
    return load_config({"task": "named-entity-recognition", "dataset": dataset, "model": model, **more})


def problems(dataset: dict[str, Any]) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        load(dataset)
    return [f"{each.path}: {each.message}" for each in caught.value.problems]


URL = "https://example.org/train.txt"


@pytest.mark.parametrize(
    "dataset",
    [
        {"data_file": "https://example.org/corpus.zip", "data_type": "conll"},
        {
            "data_file": {"train": URL, "test": [URL, URL]},
            "data_type": "conll",
            "checksum": {"train": "sha256:" + "0" * 64},
        },
        {"path": "owner/name", "subset_name": "en", "revision": "v2", "splits": {"valid": "matched"}},
        {"path": "conll2003", "name": "conll2003", "transform": "hf_ner_to_adaseq"},
        {"name": "weibo", "namespace": "owner", "data_type": "conll", "access_token": SECRET},
        {"name": "owner/weibo", "transform": {"name": "hf_ner_to_adaseq", "key": "tags", "scheme": "bio"}},
        {"data_file": URL, "data_type": "conll", "valid_ratio": 0.1, "test_ratio": 0.1, "stratified": True},
    ],
)
def test_what_is_right(dataset: dict[str, Any], tmp_path: Path) -> None:
    config = load(dataset)
    assert not config.warnings
    config.save(tmp_path / "config.yaml")
    again = load_config(tmp_path / "config.yaml")
    assert again.dataset == {key: value for key, value in config.dataset.items() if key != "access_token"}


def test_the_format_follows_from_the_source() -> None:
    assert load({"path": "owner/name"}).dataset["data_type"] == "table"


@pytest.mark.parametrize(
    ("dataset", "expected"),
    [
        ({"data_file": "ftp://a/b", "data_type": "conll"}, "dataset.data_file: 'ftp://a/b': data is fetched by http and https, not by 'ftp'"),
        ({"data_file": {"train": ["file:///x"]}, "data_type": "conll", "valid": "same_as_test"}, "dataset.data_file.train.0: 'file:///x': data is fetched by http and https, not by 'file'; name the file by its path"),
        ({"data_file": URL, "data_type": "conll", "checksum": "sha256:12"}, "dataset.checksum: 'sha256:12' is no checksum: sha256 has 64 hexadecimal digits, such as sha256:9f86d081…"),
        ({"data_file": URL, "data_type": "conll", "checksum": {"train": "0" * 64}}, "dataset.checksum: must have the shape of data_file: a single one"),
        ({"path": "a/b", "checksum": "0" * 64}, "dataset.checksum: belongs to data_file, and there is none; see revision"),
        ({"path": "a/b", "namespace": "c"}, "dataset.namespace: belongs to name, the data set on ModelScope, and not to path"),
        ({"path": "a/b", "data_type": "conll", "transform": "hf_ner_to_adaseq"}, "dataset.transform: is for tables, and data_type is 'conll'; leave one of them out"),
        ({"path": "a/b", "transform": "hf_ner"}, "dataset.transform: received 'hf_ner'; expected 'hf_ner_to_adaseq' or a mapping (key: value)"),
        ({"path": "https://a/b"}, "dataset.path: an address stands under data_file; path names a data set or a folder"),
        ({"path": "./nowhere"}, f"dataset.path: there is no file or folder './nowhere' in '{Path.cwd()}'"),
        ({"path": "a/b", "splits": {"dev": "x"}}, "dataset.splits.dev: the key is 'dev'; expected 'train', 'valid' or 'test'"),
        ({"path": "a/b", "pth": 1}, "dataset.pth: unknown key 'pth'; did you mean 'path'?"),
    ],
)  # fmt: skip
def test_what_is_wrong(dataset: dict[str, Any], expected: str) -> None:
    found = problems(dataset)
    assert len(found) == 1 and found[0].startswith(expected), found


def test_a_script_is_told_what_replaces_it(tmp_path: Path) -> None:
    (tmp_path / "news.py").touch()
    assert problems({"path": str(tmp_path / "news.py")}) == [
        (
            "dataset.path: a loading script is not run any more; write a reader of your own instead and name it as "
            "data_type: my_module:MyReader (see docs/data_sources.md)"
        )
    ]


def test_no_source_at_all() -> None:
    assert problems({}) == [
        (
            "dataset.data_file: is required: a mapping of train, valid and test to files, or a folder or archive that holds "
            "them; or path, a data set on Hugging Face, or name, one on ModelScope"
        ),
        "dataset.data_type: is required: the format of the files; known: "
        + problems({"data_file": URL})[0].partition("known: ")[2],
    ]


def test_a_misspelt_data_type_is_recognised() -> None:
    (problem,) = problems({"data_file": URL, "data_typ": "conll"})
    assert problem.startswith(
        "dataset.data_type: is required (here stands 'data_typ'): the format of the files; known: "
    )


def test_what_has_no_effect_is_said() -> None:
    config = load({"data_file": URL, "data_type": "conll", "name": "x", "access_token": SECRET})
    assert [(each.path, each.message) for each in config.warnings] == [
        ("dataset.name", "has no effect beside data_file"),
        ("dataset.access_token", "has no effect beside data_file"),
    ]
    tables = {"data_file": URL, "data_type": "table", "subset_name": "en", "revision": "v1"}
    assert [each.path for each in load(tables).warnings] == ["dataset.revision"]
    by_split = {
        "data_file": {"train": URL, "test": URL},
        "data_type": "table",
        "subset_name": "en",
        "splits": {"valid": "x"},
    }
    assert [each.path for each in load(by_split).warnings if "effect" in each.message] == [
        "dataset.subset_name",
        "dataset.splits",
    ]
    config = load({"path": "a/b", "trust_remote_code": True, "version": "v1"})
    assert [each.path for each in config.warnings] == ["dataset.trust_remote_code"]
    assert config.dataset["revision"] == "v1"


def test_secrets_are_written_nowhere(tmp_path: Path) -> None:
    url = f"https://me:{SECRET}@example.org/a.zip?version=2&token={SECRET}"
    config = load({"data_file": url, "data_type": "conll"})
    assert config.dataset["data_file"] == url
    config.save(tmp_path / "config.yaml")
    text = (tmp_path / "config.yaml").read_text(encoding="utf-8")
    assert SECRET not in text and "https://example.org/a.zip?version=2" in text
    config = load({"name": "a/b", "access_token": SECRET})
    assert SECRET not in str(config.to_dict())
    for dataset in (
        {"data_file": {"train": f"ftp://me:{SECRET}@a/b"}, "data_type": "conll"},
        {"data_file": URL, "data_type": url},
        {"path": "a/b", "access_token": [SECRET]},
        {"path": url},
    ):
        assert SECRET not in "\n".join(problems(dataset))
