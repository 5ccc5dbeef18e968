"""Pipelines for ModelScope. Importing this module registers them:

    import adaseq.hub.modelscope
    from modelscope.pipelines import pipeline

    tagger = pipeline("named-entity-recognition", "path/to/model/folder")
    tagger(["…", "…"], batch_size=32)

A pipeline reads the model folder itself, without ModelScope's own factories for models and preprocessors, so that no trust
flag and no network is needed. ModelScope's framework must be installed: pip install 'modelscope[framework]'.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from adaseq.errors import AdaSeqError, HubError
from adaseq.hub.loading import load
from adaseq.hub.resolve import resolve_model
from adaseq.inference.least_probability import LeastProbability
from adaseq.inference.predictor import READ_AHEAD, Precision
from adaseq.metainfo import Tasks

try:
    from modelscope.pipelines.base import Pipeline
    from modelscope.pipelines.builder import PIPELINES
except ImportError as error:
    raise HubError(
        f"ModelScope's pipelines need more than its plain install ({error}): pip install 'modelscope[framework]'"
    ) from error


class PredictorPipeline(Pipeline):
    """Uses a saved model; the results are those of `adaseq.load(model)`.

    Args:
        model: the model folder, or the name of a model on a hub.
        device: `gpu` (falls back to the CPU), `cpu`, `cuda:1`; ModelScope's `gpu:1` is understood.
        precision: of the network: fp32, bf16 or fp16.
        batch_tokens: the most pieces in a batch, padding included; by default 2048 on a CPU and 16384 elsewhere.
        min_probability: leave out what is less probable: a number, or one for each type.
        text_splitter: how raw text becomes words, instead of the model's own way.
        trust_remote_code: passed on by ModelScope; no code in a model folder is run either way.
    """

    def __init__(
        self,
        model: str,
        device: str = "gpu",
        precision: Precision = "fp32",
        batch_tokens: int | None = None,
        min_probability: LeastProbability = None,
        text_splitter: str | None = None,
        trust_remote_code: bool = False,
    ) -> None:
        try:
            folder = resolve_model(model)
            self.predictor = load(
                folder,
                device.replace("gpu:", "cuda:"),
                precision=precision,
                batch_tokens=batch_tokens,
                min_probability=min_probability,
                text_splitter=text_splitter,
            )
        except AdaSeqError as error:
            # ModelScope makes every error anew from its message alone, which not all of our errors can be made from.
            raise AdaSeqError(str(error)) from error
        # The base class reads the folder's configuration.json by this attribute.
        self.predictor.model.model_dir = str(folder)  # type: ignore[assignment]
        super().__init__(model=self.predictor.model, preprocessor=self.predictor.preprocessor, device=device)

    def __call__(
        self, input: Any, batch_size: int | None = None
    ) -> dict[str, Any] | list[dict[str, Any]] | Iterator[dict[str, Any]]:
        """What the model finds in a text, or in each of many.

        Args:
            input: one text: a string, or `{"text": …}` or `{"tokens": […]}` with what else the task needs; a list of these; or
                any other iterable of them, such as an `MsDataset`, whose results come while it is read.
            batch_size: the most texts that are predicted together; by default as many as `batch_tokens` allows.

        Raises:
            AdaSeqError: an input is no text, or `batch_size` is not positive.
        """
        if batch_size is not None and batch_size < 1:
            raise AdaSeqError(f"batch_size must be at least 1; received {batch_size}")
        is_one = isinstance(input, (str, tuple, Mapping)) or not isinstance(input, Iterable)
        texts = map(self.as_input, [input] if is_one else input)
        results = map(self.as_result, self.predictor.stream(texts, batch_size or READ_AHEAD))
        if is_one:
            return next(results)
        return list(results) if isinstance(input, list) else results

    def as_input(self, text: Any) -> Any:
        """A text as the predictor takes it."""
        return text

    def as_result(self, result: dict[str, Any]) -> dict[str, Any]:
        """The result for a text as ModelScope's users know it."""
        return result

    def postprocess(self, inputs: dict[str, Any]) -> dict[str, Any]:
        """Required by the base class; what the predictor gives is the result."""
        return inputs


class TextClassificationPipeline(PredictorPipeline):
    """Labels texts and pairs of texts; beside `output` a result has ModelScope's own keys, `labels` and `scores`.

    A pair is `(text, text)`, or `{"text": …, "text2": …}`.
    """

    def as_input(self, text: Any) -> Any:
        """A text or a pair of texts as the predictor takes it."""
        if isinstance(text, tuple) and len(text) == 2 and all(isinstance(each, str) for each in text):
            return {"text": text[0], "pair_text": text[1]}
        if isinstance(text, Mapping) and "text2" in text:
            return {**{key: value for key, value in text.items() if key != "text2"}, "pair_text": text["text2"]}
        return text

    def as_result(self, result: dict[str, Any]) -> dict[str, Any]:
        """The result with the keys of ModelScope's own pipelines of this task."""
        found = result["output"]
        return {**result, "labels": [each["type"] for each in found], "scores": [each["prob"] for each in found]}


_WORDS = (Tasks.NAMED_ENTITY_RECOGNITION, Tasks.WORD_SEGMENTATION, Tasks.PART_OF_SPEECH, Tasks.CHUNKING)
# By the type that a model folder names.
_PIPELINES: dict[str, tuple[type[PredictorPipeline], tuple[str, ...]]] = {
    "sequence-labeling-pipeline": (PredictorPipeline, _WORDS),
    "span-based-ner-pipeline": (PredictorPipeline, _WORDS),
    "relation-extraction-pipeline": (PredictorPipeline, (Tasks.RELATION_EXTRACTION,)),
    "text-classification-pipeline": (TextClassificationPipeline, (Tasks.TEXT_CLASSIFICATION,)),
}
for _name, (_class, _tasks) in _PIPELINES.items():
    for _task in _tasks:
        PIPELINES.register_module(_task, module_name=_name, module_cls=_class, force=True)
