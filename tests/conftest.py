"""Settings of every test run: the network closed, a cache of its own, one thread per process."""

from __future__ import annotations

import atexit
import os
import shutil
import socket
import tempfile
from pathlib import Path
from typing import Any

import hypothesis
import pytest

# Before any library reads them; processes that tests start inherit them.
os.environ["HF_HUB_OFFLINE"] = "1"
os.environ["TOKENIZERS_PARALLELISM"] = "false"
os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ["ADASEQ_CACHE"] = tempfile.mkdtemp(prefix="adaseq-test-cache-")
atexit.register(shutil.rmtree, os.environ["ADASEQ_CACHE"], ignore_errors=True)

# No test depends on how long something takes.
hypothesis.settings.register_profile("adaseq", deadline=None)
hypothesis.settings.load_profile("adaseq")

LOOPBACK = ("127.", "::1", "localhost")

_connect = socket.socket.connect
_connect_ex = socket.socket.connect_ex
_getaddrinfo = socket.getaddrinfo


def _refuse_network(family: int, host: object) -> None:
    if family != getattr(socket, "AF_UNIX", None) and not str(host).startswith(LOOPBACK):
        raise RuntimeError(f"a test tried to reach the network: {host!r}")


@pytest.fixture(autouse=True)
def closed_network(monkeypatch: pytest.MonkeyPatch) -> None:
    """Only this machine answers: a test that reaches for anything else fails."""

    def connect(self: socket.socket, address: Any) -> None:
        _refuse_network(self.family, address[0])
        _connect(self, address)

    def connect_ex(self: socket.socket, address: Any) -> int:
        _refuse_network(self.family, address[0])
        return _connect_ex(self, address)

    def getaddrinfo(host: Any, *args: Any, **kwargs: Any) -> Any:
        if host is not None and host != socket.gethostname():
            _refuse_network(socket.AF_INET, host)
        return _getaddrinfo(host, *args, **kwargs)

    monkeypatch.setattr(socket.socket, "connect", connect)
    monkeypatch.setattr(socket.socket, "connect_ex", connect_ex)
    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)


TINY_BERT_PIECES = [
    *("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"),
    *"abcdefghijklmnopqrstuvwxyz0123456789.,:;!?'-()",
    *(f"##{letter}" for letter in "abcdefghijklmnopqrstuvwxyz0123456789"),
    *("the", "in", "of", "and", "lives", "works", "at", "for", "new", "york", "london", "john", "mary", "smith"),
    *("##ing", "##ed", "##er", "##ton", "##land", "##son"),
    *"我在北京上海大学工作的一是中国人公司经理张王李明市任了有和，。",
]


@pytest.fixture(scope="session")
def tiny_bert(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A BERT directory made on the spot: 2 layers, 32 wide, 64 positions, random weights, a WordPiece vocabulary.

    Transformers' `AutoModel` and `AutoTokenizer` load it without a network. Tests only read it.
    """
    import torch
    from transformers import BertConfig, BertModel, BertTokenizer

    folder = tmp_path_factory.mktemp("backbone") / "tiny-bert"
    folder.mkdir()
    pieces = list(dict.fromkeys(TINY_BERT_PIECES))
    vocabulary = folder / "vocab.txt"
    vocabulary.write_text("\n".join(pieces) + "\n", encoding="utf-8")
    config = BertConfig(
        vocab_size=len(pieces),
        hidden_size=32,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=64,
        max_position_embeddings=64,
    )
    with torch.random.fork_rng():
        torch.manual_seed(0)
        BertModel(config).save_pretrained(folder)
    BertTokenizer(vocab=str(vocabulary), model_max_length=64).save_pretrained(folder)
    return folder


@pytest.fixture(scope="session")
def trained_folder(tiny_bert: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The model folder of a tagger that knows a few people and places. Tests only read it."""
    from tests.trained import save_trained_tagger

    return save_trained_tagger(tmp_path_factory.mktemp("trained") / "output_best", tiny_bert)
