"""A predictor without a network: each word that begins with a capital letter is a name."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator
from types import SimpleNamespace
from typing import Any

from adaseq.data.example import Example
from adaseq.errors import AdaSeqError
from adaseq.inference import results
from adaseq.serving.app import Service
from adaseq.serving.limits import Limits
from adaseq.serving.metrics import Metrics
from adaseq.serving.models import ServedModel


class FakePredictor:
    """Stands for a `TextPredictor`."""

    def __init__(self, task: str = "named-entity-recognition") -> None:
        self.task, self.types = task, ["NAME"]
        self.preprocessor = SimpleNamespace(text_splitter="blank")
        self.batches: list[int] = []
        self.gate = threading.Event()
        self.gate.set()
        self.has_begun = threading.Event()

    def example(self, given: Any) -> Example:
        """Words at blanks."""
        if isinstance(given, dict) and "tokens" in given:
            return Example("", list(given["tokens"]))
        text = given["text"] if isinstance(given, dict) else given
        if text == "bad":
            raise AdaSeqError("this text is bad")
        tokens, offsets, place = text.split(), [], 0
        for token in tokens:
            place = text.index(token, place)
            offsets.append((place, place + len(token)))
            place += len(token)
        return Example("", tokens, text=text, offsets=offsets)

    def predict(self, examples: Iterable[Example]) -> Iterator[tuple[Example, dict[str, Any]]]:
        """Names."""
        self.has_begun.set()
        assert self.gate.wait(30)
        given = list(examples)
        self.batches.append(len(given))
        if any("poison" in each.tokens for each in given):
            raise ZeroDivisionError("poison")
        for each in given:
            spans = [
                {"start": i, "end": i + 1, "type": "NAME", "prob": 1 / (1 + i)}
                for i, token in enumerate(each.tokens)
                if token[:1].isupper()
            ]
            yield each, {"spans": spans}

    def result(self, example: Example, prediction: dict[str, Any]) -> dict[str, Any]:
        """The result."""
        return results.content(example, prediction, " ")


def fake_service(limits: Limits | None = None, **batching: Any) -> tuple[Service, FakePredictor]:
    """A service with the model `names`."""
    service, predictor = Service(["names"], limits or Limits(), Metrics(), **batching), FakePredictor()
    service.add(ServedModel("names", predictor, "torch"))  # type: ignore[arg-type]
    return service, predictor
