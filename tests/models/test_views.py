"""Retrieved context: two views that learn together, and context in chunks."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch

from adaseq.data.example import Example
from adaseq.errors import ModelError
from adaseq.models.assembly import build_collator, build_model, build_preprocessor
from adaseq.models.model_folder import load_model_folder, save_model_folder

EXAMPLES = [
    Example(
        "1",
        ["mary", "in", "london", "<EOS>", "the", "new", "york", "and", "mary", "smith"],
        [{"start": 0, "end": 1, "type": "PER"}, {"start": 2, "end": 3, "type": "LOC"}],
        mask=[True] * 3 + [False] * 7,
    ),
    Example("2", ["the", "john", "works"], [{"start": 1, "end": 2, "type": "PER"}], mask=[False, True, True]),
    Example("3", ["of", "the"], [], mask=[False, False]),
    Example("4", ["york"], [{"start": 0, "end": 1, "type": "LOC"}]),
]
COLLATOR = "SequenceLabelingDataCollatorWithPadding"


class Built:
    """A tagger with its preprocessor."""

    def __init__(self, tiny_bert: Path | None, options: dict[str, Any], **model: Any) -> None:
        embedder = {"type": "embedding", "embedding_dim": 12}
        if tiny_bert is not None:
            embedder = {"type": "transformer-embedder", "model_name_or_path": str(tiny_bert)}
        block = {"type": "sequence-labeling-model", "embedder": embedder, **model}
        self.config = {
            "task": "named-entity-recognition",
            "model": block,
            "preprocessor": {"type": "sequence-labeling-preprocessor", **options},
            "data_collator": COLLATOR,
        }
        self.preprocessor = build_preprocessor(self.config["preprocessor"], block, ["LOC", "PER"])
        self.preprocessor.fit(example.tokens for example in EXAMPLES)
        torch.manual_seed(0)
        self.model = build_model(block, self.preprocessor).eval()

    def batch(self, examples: list[Example], training: bool = False) -> dict[str, Any]:
        features = self.preprocessor.encode(examples, training)
        return build_collator(COLLATOR, self.preprocessor)([{**f, "index": i} for i, f in enumerate(features)])

    def loss(self, examples: list[Example] = EXAMPLES) -> torch.Tensor:
        return self.model(self.batch(examples, training=True))["loss"]


VIEWS = {"return_original_view": True}


@pytest.mark.parametrize("kind", ["kl", "crf_kl"])
@pytest.mark.parametrize("has_backbone", [True, False])
def test_the_loss_is_made_of_both_views_and_what_divides_them(tiny_bert: Path, kind: str, has_backbone: bool) -> None:
    backbone = tiny_bert if has_backbone else None

    def loss(share: float, **options: Any) -> float:
        return Built(backbone, VIEWS, mv_loss_type=kind, mv_interpolation=share, **options).loss().item()

    built = Built(backbone, VIEWS)
    with_context = built.loss().item()
    alone = [
        Example(each.id, [w for w, own in zip(each.tokens, each.mask, strict=True) if own], spans)
        for each, spans in zip(EXAMPLES[:2], [EXAMPLES[0].spans, [{"start": 0, "end": 1, "type": "PER"}]], strict=True)
    ]
    without = built.loss([*alone, EXAMPLES[3]]).item()
    assert loss(1.0, multiview=True) == pytest.approx(with_context + without, rel=1e-4)
    gap = loss(0.0, multiview=True)
    assert (gap > 1e-6) if has_backbone else (abs(gap) < 1e-4)  # word by word, context changes nothing
    assert loss(0.3, multiview=True) == pytest.approx(0.3 * (with_context + without) + 0.7 * gap, rel=1e-4)


@pytest.mark.parametrize("kind", ["kl", "crf_kl"])
def test_only_the_view_without_context_is_pulled(tiny_bert: Path, kind: str) -> None:
    built = Built(tiny_bert, VIEWS, multiview=True, mv_loss_type=kind, mv_interpolation=0.0, temperature=2.0)
    batch = built.batch(EXAMPLES, training=True)
    leaves = []
    scores = built.model._scores

    def watched(tokens: dict[str, Any]) -> torch.Tensor:
        leaves.append(scores(tokens).detach().requires_grad_())
        return leaves[-1]

    built.model._scores = watched
    built.model(batch)["loss"].backward()
    with_context, without = leaves
    assert with_context.grad is None or not with_context.grad.any()
    assert without.grad is not None and without.grad.any()


def test_views_of_word_decoders_differ_by_the_softmax_of_words(tiny_bert: Path) -> None:
    built = Built(tiny_bert, VIEWS, multiview=True, use_crf=False, mv_interpolation=0.0, temperature=1.5)
    batch = built.batch(EXAMPLES, training=True)
    reference, mask = built.model.emissions(batch)
    view = built.model._scores(batch["origin"]["tokens"])
    log_q, log_p = ((each[mask] / 1.5).log_softmax(-1) for each in (reference, view))
    wanted = (log_q.exp() * (log_q - log_p)).sum() / mask.any(1).sum() * 1.5**2
    torch.testing.assert_close(built.model(batch)["loss"], wanted, rtol=1e-4, atol=1e-6)


def test_evaluation_reads_the_view_that_was_chosen(tiny_bert: Path) -> None:
    own = [Example("", [w for w, is_own in zip(e.tokens, e.mask or [True], strict=True) if is_own]) for e in EXAMPLES]
    plain = Built(tiny_bert, {})
    original = Built(tiny_bert, {**VIEWS, "evaluation_view": "original"}, multiview=True)
    expected = plain.model.decode(plain.batch(own), with_prob=True)
    found = original.model.decode(original.batch(EXAMPLES), with_prob=True)
    for example, one, two in zip(EXAMPLES, expected, found, strict=True):
        mask = example.mask or [True]
        assert len(two["tags"]) == len(example.tokens)
        assert [tag for tag, is_own in zip(two["tags"], mask, strict=True) if is_own] == one["tags"]
        assert [span["prob"] for span in two["spans"]] == pytest.approx(
            [span["prob"] for span in one["spans"]], rel=1e-4
        )
    context = Built(tiny_bert, VIEWS, multiview=True)
    assert context.model.decode(context.batch(EXAMPLES)) == plain.model.decode(plain.batch(EXAMPLES))


def test_each_tag_has_its_best_score_among_the_chunks(tiny_bert: Path) -> None:
    built = Built(tiny_bert, {"chunk_size": 9, "chunk_num": 2}, chunk=True)
    batch = built.batch(EXAMPLES)
    scores, mask = built.model.emissions(batch)
    assert mask.sum(1).tolist() == [3, 2, 0, 1]
    first = {**batch, "chunk_rows": batch["chunk_rows"][:, :1]}
    second = {**batch, "chunk_rows": batch["chunk_rows"][:, 1:]}
    parts = [built.model.emissions(each)[0] for each in (first, second)]
    torch.testing.assert_close(scores, torch.maximum(*parts))
    assert not torch.equal(parts[0][0], parts[1][0])


def test_predictions_from_chunks_do_not_depend_on_company_and_keep_their_places(tiny_bert: Path) -> None:
    built = Built(tiny_bert, {"chunk_size": 9}, chunk=True)
    together = built.model.decode(built.batch(EXAMPLES), with_prob=True)
    for example, prediction in zip(EXAMPLES, together, strict=True):
        alone = built.model.decode(built.batch([example]), with_prob=True)[0]
        assert alone["tags"] == prediction["tags"] and len(alone["tags"]) == len(example.tokens)
        mask = example.mask or [True]
        assert all(is_own or tag == "O" for tag, is_own in zip(alone["tags"], mask, strict=True))
    readings = built.model.decode_readings(built.batch(EXAMPLES), 2)
    assert [each["tags"] for each in readings] == [each["tags"] for each in together]


@pytest.mark.parametrize(
    ("options", "model"),
    [(VIEWS, {"multiview": True, "mv_loss_type": "crf_kl"}), ({"chunk_size": 9, "chunk_num": 3}, {"chunk": True})],
)
def test_every_parameter_learns_and_the_saved_model_is_the_same(
    tiny_bert: Path, tmp_path: Path, options: dict[str, Any], model: dict[str, Any]
) -> None:
    built = Built(tiny_bert, options, **model)
    built.loss().backward()
    assert [name for name, each in built.model.named_parameters() if each.grad is None] == []
    save_model_folder(tmp_path, built.model, built.preprocessor, built.config)
    loaded = load_model_folder(tmp_path)
    features = loaded.preprocessor.encode(EXAMPLES, training=False)
    batch = loaded.collator([{**each, "index": i} for i, each in enumerate(features)])
    assert loaded.model.decode(batch) == built.model.decode(built.batch(EXAMPLES))


def test_nothing_but_context_costs_nothing(tiny_bert: Path) -> None:
    for options, model in ((VIEWS, {"multiview": True}), ({"chunk_size": 9}, {"chunk": True})):
        loss = Built(tiny_bert, options, **model).loss(EXAMPLES[2:3])
        assert loss.item() == 0.0


@pytest.mark.parametrize(
    ("options", "model", "message"),
    [
        (
            {},
            {"multiview": True},
            "model.multiview needs the sentence without its context: preprocessor.return_original_view: true",
        ),
        ({}, {"chunk": True}, "model.chunk needs the context in chunks: preprocessor.chunk_size"),
        ({}, {"temperature": 0.0}, "model.temperature is 0.0; it must be more than 0"),
        (
            {},
            {"mv_interpolation": 1.5},
            "model.mv_interpolation is 1.5; it is the share of the losses of the views, from 0 to 1",
        ),
        (
            {},
            {"mv_loss_type": "crf_kl", "use_crf": False},
            "model.mv_loss_type: crf_kl compares the tag paths of a CRF: set use_crf: true, or choose kl",
        ),
    ],
)
def test_what_cannot_be_is_said(options: dict[str, Any], model: dict[str, Any], message: str) -> None:
    with pytest.raises(ModelError) as error:
        Built(None, options, **model).loss()
    assert str(error.value) == message
