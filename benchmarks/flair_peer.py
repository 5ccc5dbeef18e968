"""flair's side of bench_flair.py; it runs in flair's environment, where there is no AdaSeq."""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from pathlib import Path
from typing import Any

import flair
import torch
from flair.data import Sentence
from flair.datasets import ColumnCorpus
from flair.embeddings import OneHotEmbeddings
from flair.models import SequenceTagger
from flair.trainers import ModelTrainer
from flair.trainers.plugins import TrainerPlugin

PREDICTED_AT_ONCE = 32


class EpochTimer(TrainerPlugin):
    """Seconds of an epoch, without what comes before and after it."""

    seconds = 0.0

    @TrainerPlugin.hook
    def before_training_epoch(self, **more: Any) -> None:
        """Start the clock."""
        self.seconds = -time.perf_counter()

    @TrainerPlugin.hook
    def after_training_epoch(self, **more: Any) -> None:
        """Stop it."""
        self.seconds += time.perf_counter()


def main() -> None:
    """Train an epoch, predict, and say how long it took."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--train", type=Path, required=True, help="in CoNLL columns")
    parser.add_argument("--test", type=Path, required=True, help="in CoNLL columns")
    parser.add_argument("--shape", type=float, nargs=4, metavar=("EMBEDDING", "HIDDEN", "RATE", "BATCH"), required=True)
    parser.add_argument("--threads", type=int)
    options = parser.parse_args()
    embedding_dim, hidden_size, learning_rate, batch_size = options.shape
    flair.device = torch.device("cpu")
    if options.threads is not None:
        torch.set_num_threads(options.threads)
    torch.manual_seed(42)
    corpus = ColumnCorpus(
        options.train.parent,
        {0: "text", 1: "ner"},
        train_file=options.train.name,
        column_delimiter="\t",
        sample_missing_splits=False,
    )
    tagger = SequenceTagger(
        OneHotEmbeddings.from_corpus(corpus, field="text", min_freq=1, embedding_length=int(embedding_dim)),
        corpus.make_label_dictionary(label_type="ner", add_unk=False),
        tag_type="ner",
        use_rnn=True,
        rnn_layers=1,
        hidden_size=int(hidden_size),
        reproject_embeddings=False,
        use_crf=True,
        dropout=0.0,
        word_dropout=0.0,
        locked_dropout=0.0,
    )
    timer = EpochTimer()
    with tempfile.TemporaryDirectory() as folder:
        ModelTrainer(tagger, corpus).train(
            folder,
            learning_rate=learning_rate,
            mini_batch_size=int(batch_size),
            max_epochs=1,
            optimizer=torch.optim.AdamW,
            embeddings_storage_mode="none",
            save_final_model=False,
            plugins=[timer],
        )
    words = [
        [line.split("\t")[0] for line in block.splitlines()]
        for block in options.test.read_text(encoding="utf-8").strip().split("\n\n")
    ]
    start = time.perf_counter()
    tagger.predict([Sentence(each) for each in words], mini_batch_size=PREDICTED_AT_ONCE)
    print(json.dumps({"train s": timer.seconds, "predict s": time.perf_counter() - start}))


if __name__ == "__main__":
    main()
