"""Training with transformers alone: Hugging Face's `Trainer`, and its network in a loop of PyTorch."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from typing import Any

import torch
from networks import now
from transformers import (
    AutoModelForSequenceClassification,
    AutoModelForTokenClassification,
    AutoTokenizer,
    DataCollatorForTokenClassification,
    DataCollatorWithPadding,
    PrinterCallback,
    Trainer,
    TrainerCallback,
    TrainingArguments,
    get_linear_schedule_with_warmup,
)

from adaseq.data.batching import BatchSampler
from adaseq.data.dataset_manager import DatasetManager
from adaseq.data.tags import tag_inventory
from adaseq.utils.tag_schemes import spans_to_tags
from adaseq.utils.tensors import to_device

LEARNING_RATE = 5e-5


class TheirTraining:
    """Token or text classification with transformers alone.

    Args:
        manager: the data.
        backbone: the folder of the transformer.
        batch_size: examples in a batch.
        max_length: pieces of an example.
        folder: for what their trainer may write.
        of_texts: classify texts; otherwise tokens.
        device: where to train.
    """

    def __init__(
        self,
        manager: DatasetManager,
        backbone: str,
        batch_size: int,
        max_length: int,
        folder: str,
        of_texts: bool = False,
        device: str = "cpu",
    ) -> None:
        self.backbone, self.batch_size, self.folder = backbone, batch_size, folder
        self.device = torch.device("cuda" if device == "gpu" else device)
        tokenizer = AutoTokenizer.from_pretrained(backbone)
        self._head: Any = AutoModelForSequenceClassification if of_texts else AutoModelForTokenClassification
        self.collator = (DataCollatorWithPadding if of_texts else DataCollatorForTokenClassification)(tokenizer)
        self.classes = list(manager.labels) if of_texts else tag_inventory(manager.labels, "BIO")
        self.features: list[Any] = []
        for example in manager.splits["train"]:
            encoded = tokenizer(example.tokens, is_split_into_words=True, truncation=True, max_length=max_length)
            if of_texts:
                labels: Any = self.classes.index(example.fields["label"])
            else:
                tags = spans_to_tags(example.spans, len(example.tokens), "BIO")
                labels = self._first_pieces(encoded.word_ids(), tags)
            self.features.append({**encoded, "labels": labels})

    def _first_pieces(self, places: Sequence[int | None], tags: Sequence[str]) -> list[int]:
        return [
            -100 if word is None or (i and places[i - 1] == word) else self.classes.index(tags[word])
            for i, word in enumerate(places)
        ]

    def trainer_epoch(self, precision: str = "fp32") -> float:
        """One epoch of their trainer; its seconds from the beginning of the epoch to its end."""
        clock = _Clock(self.device)
        arguments = TrainingArguments(
            output_dir=self.folder,
            per_device_train_batch_size=self.batch_size,
            num_train_epochs=1,
            learning_rate=LEARNING_RATE,
            bf16=precision == "bf16",
            use_cpu=self.device.type == "cpu",
            save_strategy="no",
            eval_strategy="no",
            logging_strategy="no",
            report_to="none",
            disable_tqdm=True,
        )
        trainer = Trainer(self._model(), arguments, self.collator, self.features, callbacks=[clock])
        trainer.remove_callback(PrinterCallback)
        trainer.train()
        return clock.seconds

    def bare_epoch(self, precision: str = "fp32") -> float:
        """One epoch of their network in a loop, with batches grouped by length and a fused AdamW."""
        model = self._model().to(self.device).train()
        lengths = [len(each["input_ids"]) for each in self.features]
        sampler = BatchSampler(lengths, self.batch_size, shuffle=True, seed=42)
        optimizer = torch.optim.AdamW(model.parameters(), lr=LEARNING_RATE, fused=True)
        schedule = get_linear_schedule_with_warmup(optimizer, 0, len(sampler))
        is_bf16 = precision == "bf16"
        start = now(self.device)
        for numbers in sampler:
            batch = to_device(dict(self.collator([self.features[i] for i in numbers])), self.device)
            with torch.autocast(self.device.type, torch.bfloat16) if is_bf16 else contextlib.nullcontext():
                loss = model(**batch).loss
            loss.backward()
            torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimizer.step()
            schedule.step()
            optimizer.zero_grad(set_to_none=True)
        return now(self.device) - start

    def _model(self) -> Any:
        torch.manual_seed(42)
        return self._head.from_pretrained(self.backbone, num_labels=len(self.classes))


class _Clock(TrainerCallback):
    """Seconds of an epoch of their trainer."""

    def __init__(self, device: torch.device) -> None:
        self.seconds = 0.0
        self._device = device

    def on_epoch_begin(self, *arguments: Any, **more: Any) -> None:
        self.seconds = -now(self._device)

    def on_epoch_end(self, *arguments: Any, **more: Any) -> None:
        self.seconds += now(self._device)
