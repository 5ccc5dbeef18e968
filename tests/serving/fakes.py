"""A predictor without a network: each word that begins with a capital letter is a name."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator
from types import SimpleNamespace
from typing import Any

from adaseq.data.example import Example
from adaseq.data.splitters import BlankSplitter
from adaseq.errors import AdaSeqError
from adaseq.inference import results
from adaseq.inference.records import complete
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
        if text == "unsplittable":
            raise ZeroDivisionError(text)
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


class FakeDictionary(FakePredictor):
    """Each of some words is what is said of it.

    Args:
        words: type and probability by words.
    """

    def __init__(self, words: dict[str, tuple[str, float]]) -> None:
        super().__init__()
        self.types, self._words = sorted({name for name, _ in words.values()}), words

    def predict(self, examples: Iterable[Example]) -> Iterator[tuple[Example, dict[str, Any]]]:
        """The words that are known."""
        for each in examples:
            known = [(i, self._words[token]) for i, token in enumerate(each.tokens) if token in self._words]
            yield each, {"spans": [{"start": i, "end": i + 1, "type": name, "prob": prob} for i, (name, prob) in known]}


class FakeRelations(FakePredictor):
    """Between any two entities there is the same relation."""

    def __init__(self) -> None:
        super().__init__("relation-extraction")
        self.types = ["lives_in"]

    def example(self, given: Any) -> Example:
        """Words at blanks, and the two entities."""
        if "subject" not in given and "<e1>" not in given["text"]:
            raise AdaSeqError("a relation needs a subject and an object")
        example = super().example(given)
        example.fields.update({side: given[side] for side in ("subject", "object") if side in given})
        return complete(example, self.task, BlankSplitter().split)

    def predict(self, examples: Iterable[Example]) -> Iterator[tuple[Example, dict[str, Any]]]:
        """The relation."""
        for each in examples:
            yield each, {"label": "lives_in", "prob": 0.75}


PAGE_LIMITS = Limits(max_text_length=150_000)
PAGE_TYPES = [f"TYPE-{number}" for number in range(12)]
HOSTILE_TYPE = "<img src=x onerror=document.title='owned'>"


def page_service() -> Service:
    """The models that the page is tested with."""
    predictors = {
        "names": FakePredictor(),
        "hebrew": FakeDictionary({"דוד": ("PER", 0.9), "בירושלים": ("LOC", 0.8), "John": ("PER", 0.7)}),
        "colours": FakeDictionary({f"w{number}": (name, 0.5) for number, name in enumerate(PAGE_TYPES)}),
        "hostile": FakeDictionary({"onerror=document.title='owned'>": (HOSTILE_TYPE, 0.5), "\u202eevil": ("B", 0.4)}),
        "relations": FakeRelations(),
    }
    service = Service(list(predictors), PAGE_LIMITS, Metrics())
    for name, predictor in predictors.items():
        service.add(ServedModel(name, predictor, "torch"))  # type: ignore[arg-type]
    return service
