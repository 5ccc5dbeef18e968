"""Pipelines for ModelScope. Importing this module registers them:

    import adaseq.hub.modelscope
    from modelscope.pipelines import pipeline

    tagger = pipeline("named-entity-recognition", "path/to/model/folder")
    tagger(["…", "…"], batch_size=32)

A pipeline reads the model folder itself, without ModelScope's own factories for models and preprocessors, so that no trust
flag and no network is needed. ModelScope's framework must be installed: pip install 'modelscope[framework]'.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from adaseq.errors import HubError
from adaseq.hub.loading import load
from adaseq.inference.least_probability import LeastProbability
from adaseq.inference.predictor import READ_AHEAD, Precision, Text
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
        self.predictor = load(
            model,
            device.replace("gpu:", "cuda:"),
            precision=precision,
            batch_tokens=batch_tokens,
            min_probability=min_probability,
            text_splitter=text_splitter,
        )
        # The base class reads the folder's configuration.json by this attribute.
        self.predictor.model.model_dir = str(model)  # type: ignore[assignment]
        super().__init__(model=self.predictor.model, preprocessor=self.predictor.preprocessor, device=device)

    def __call__(
        self, input: str | Mapping[str, Any] | list[Text], batch_size: int | None = None
    ) -> dict[str, Any] | list[dict[str, Any]]:
        """What the model finds in a text, or in each text of a list.

        Args:
            input: a string, `{"text": …}` or `{"tokens": […]}`; or a list of these.
            batch_size: the most texts that are predicted together; by default as many as `batch_tokens` allows.
        """
        if isinstance(input, list):
            return list(self.predictor.stream(input, batch_size or READ_AHEAD))
        return self.predictor(input)

    def postprocess(self, inputs: dict[str, Any]) -> dict[str, Any]:
        """Required by the base class; what the predictor gives is the result."""
        return inputs


class TextClassificationPipeline(PredictorPipeline):
    """Labels texts and pairs of texts; beside `output` a result has ModelScope's own keys, `labels` and `scores`."""

    def __call__(self, input: Any, batch_size: int | None = None) -> dict[str, Any] | list[dict[str, Any]]:
        """The labels of a text or of a pair of texts, or of each of a list.

        Args:
            input: a string, `{"text": …}` or `{"tokens": […]}`; for a pair of texts `(text, text)`, or `{"text": …, "text2": …}`;
                or a list of these.
            batch_size: the most texts that are predicted together; by default as many as `batch_tokens` allows.
        """
        if isinstance(input, list):
            results = self.predictor.stream(map(_pair, input), batch_size or READ_AHEAD)
            return [_with_labels(result) for result in results]
        return _with_labels(self.predictor(_pair(input)))


def _pair(text: Any) -> Any:
    """An input as the predictor takes it."""
    if isinstance(text, tuple) and len(text) == 2 and all(isinstance(each, str) for each in text):
        return {"text": text[0], "pair_text": text[1]}
    if isinstance(text, Mapping) and "text2" in text:
        return {**{key: value for key, value in text.items() if key != "text2"}, "pair_text": text["text2"]}
    return text


def _with_labels(result: dict[str, Any]) -> dict[str, Any]:
    found = result["output"]
    return {**result, "labels": [each["type"] for each in found], "scores": [each["prob"] for each in found]}


_PIPELINES: dict[str, tuple[type[PredictorPipeline], tuple[str, ...]]] = {
    "sequence-labeling-pipeline": (
        PredictorPipeline,
        (Tasks.NAMED_ENTITY_RECOGNITION, Tasks.WORD_SEGMENTATION, Tasks.PART_OF_SPEECH),
    ),
    "relation-extraction-pipeline": (PredictorPipeline, (Tasks.RELATION_EXTRACTION,)),
    "text-classification-pipeline": (TextClassificationPipeline, (Tasks.TEXT_CLASSIFICATION,)),
}
for _name, (_class, _tasks) in _PIPELINES.items():
    for _task in _tasks:
        PIPELINES.register_module(_task, module_name=_name, module_cls=_class, force=True)
