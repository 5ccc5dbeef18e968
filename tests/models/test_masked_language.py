"""Masked language models: which pieces are masked, what the losses are, and what a backbone folder is."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from transformers import AutoModelForMaskedLM, AutoTokenizer

from adaseq.data.example import Example
from adaseq.errors import ModelError
from adaseq.metrics.masked_language import MaskedLanguageMetric
from adaseq.models.assembly import build_collator, build_model, build_preprocessor
from adaseq.models.backbone_folder import save_backbone_folder
from adaseq.models.masked_language import MaskedLanguageModel

TEXTS = [
    Example(str(i), list(text)) for i, text in enumerate(["北京大学的经理", "我在上海", "公司", "中国人的公司"] * 8)
]


def make(tiny_bert: Path, min_count: int = 2, max_ngram: int = 3, **options):
    block = {
        "type": "masked-language-model",
        "boundary_layer": 1,
        "embedder": {"type": "transformer-embedder", "model_name_or_path": str(tiny_bert)},
        **options,
    }
    section = {"type": "masked-language-preprocessor", "max_ngram": max_ngram, "min_count": min_count}
    preprocessor = build_preprocessor(section, block, [])
    preprocessor.fit([example.tokens for example in TEXTS])
    torch.manual_seed(0)
    model = build_model(block, preprocessor)
    collator = build_collator("MaskedLanguageDataCollatorWithPadding", preprocessor)

    def batch(examples):
        return collator([{**each, "index": i} for i, each in enumerate(preprocessor.encode(examples, True))])

    return model, preprocessor, batch


def test_about_a_sixth_of_the_pieces_is_masked_and_never_a_special_one(tiny_bert):
    model, preprocessor, batch = make(tiny_bert)
    tokens = batch(TEXTS)["tokens"]
    masked, kept, replaced, total = 0, 0, 0, 0
    generator = torch.Generator().manual_seed(1)
    for _ in range(100):
        corrupted, labels = model._masked(tokens, torch.rand((2, *tokens["input_ids"].shape), generator=generator))
        chosen = labels != -100
        words = torch.arange(labels.shape[1])[None] - 1
        assert not chosen[(words < 0) | (words >= tokens["mask"].sum(1, keepdim=True))].any()
        assert torch.equal(labels[chosen], tokens["input_ids"][chosen])
        assert torch.equal(corrupted[~chosen], tokens["input_ids"][~chosen])
        masked += int((corrupted[chosen] == preprocessor.mask_piece).sum())
        kept += int((corrupted[chosen] == labels[chosen]).sum())
        replaced += int(chosen.sum())
        total += int(tokens["mask"].sum())
    assert replaced / total == pytest.approx(0.15, abs=0.01)
    assert masked / replaced == pytest.approx(0.8, abs=0.02)
    assert kept / replaced == pytest.approx(0.1, abs=0.02)


def test_masks_follow_from_the_seed_in_training_and_from_the_text_in_evaluation(tiny_bert):
    model, _, batch = make(tiny_bert)
    texts = batch(TEXTS)

    def loss(seed: int) -> float:
        torch.manual_seed(seed)
        return float(model.eval()(texts)["loss"].detach())

    assert loss(1) == loss(1) != loss(2)
    torch.manual_seed(1)
    first = model.decode(texts)
    torch.manual_seed(2)
    assert model.decode(texts) == first
    alone = [model.decode(batch([example]))[0] for example in TEXTS[:4]]
    assert [each["masked"] for each in alone] == [each["masked"] for each in first[:4]]
    masked = sum(each["masked"] for each in first)
    assert 0.05 < masked / sum(len(each.tokens) for each in TEXTS) < 0.3


def test_the_boundary_loss_is_the_squared_error_of_the_features_at_the_layer(tiny_bert):
    model, preprocessor, batch = make(tiny_bert, boundary_weight=2.0)
    texts = batch(TEXTS[:3])
    assert texts["boundary"].shape == (3, 7, preprocessor.boundary_size) == (3, 7, 12)
    torch.manual_seed(4)
    outputs = model.eval()(texts)
    torch.manual_seed(4)
    corrupted, _ = model._masked(texts["tokens"], torch.rand((2, *texts["tokens"]["input_ids"].shape)))
    hidden = model.embedder.transformer_model(
        corrupted, texts["tokens"]["attention_mask"].long(), output_hidden_states=True
    ).hidden_states[1]
    errors = [
        (model.boundary(hidden[row, 1 + word]) - texts["boundary"][row, word]).square()
        for row, example in enumerate(TEXTS[:3])
        for word in range(len(example.tokens))
    ]
    expected = torch.stack(errors).mean()
    torch.testing.assert_close(outputs["boundary_loss"], expected.detach())
    torch.testing.assert_close(outputs["loss"].detach(), outputs["language_loss"] + 2 * outputs["boundary_loss"])


def test_without_n_grams_it_is_a_masked_language_model_alone(tiny_bert):
    model, preprocessor, batch = make(tiny_bert, max_ngram=0)
    assert preprocessor.boundary_size == 0 and model.boundary is None
    assert "boundary" not in batch(TEXTS[:2]) and "boundary_loss" not in model(batch(TEXTS[:2]))


def test_a_backbone_folder_is_what_transformers_loads(tiny_bert, tmp_path):
    model, preprocessor, batch = make(tiny_bert)
    torch.nn.init.normal_(model.head.bias)
    save_backbone_folder(tmp_path / "backbone", model, preprocessor)
    theirs, info = AutoModelForMaskedLM.from_pretrained(tmp_path / "backbone", output_loading_info=True)
    assert not info["missing_keys"] and not info["unexpected_keys"]
    tokens = batch(TEXTS[:4])["tokens"]
    with torch.no_grad():
        ours = model.eval()._scores(model._layers(tokens["input_ids"], tokens["attention_mask"])[-1].flatten(0, 1))
        logits = theirs.eval()(tokens["input_ids"], tokens["attention_mask"]).logits.flatten(0, 1)
    is_piece = tokens["attention_mask"].flatten()
    torch.testing.assert_close(ours[is_piece], logits[is_piece], atol=1e-4, rtol=1e-4)
    tokenizer = AutoTokenizer.from_pretrained(tmp_path / "backbone")
    assert tokenizer("北京")["input_ids"] == AutoTokenizer.from_pretrained(tiny_bert)("北京")["input_ids"]
    again, _, _ = make(tmp_path / "backbone")
    assert torch.equal(again.head.bias, model.head.bias) and torch.equal(
        again.head.dense.weight, model.head.dense.weight
    )


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"boundary_layer": 5}, "model.boundary_layer is 5; the backbone has layers 1 to 2"),
        ({"mask_rate": 1.0}, "model.mask_rate is 1.0; it must be between 0 and 1"),
    ],
)
def test_what_cannot_be_is_refused(tiny_bert, options, message):
    with pytest.raises(ModelError) as error:
        make(tiny_bert, **options)
    assert str(error.value) == message


def test_only_backbones_are_pretrained():
    from adaseq.modules.embedders.embedding import Embedding

    with pytest.raises(ModelError) as error:
        MaskedLanguageModel(Embedding(embedding_dim=4, vocabulary=["[PAD]", "[UNK]", "a"]), mask_piece=1)
    assert str(error.value) == (
        "masked-language-model pretrains a backbone: model.embedder must be a transformer-embedder"
    )


def test_scores_are_over_all_masked_pieces():
    metric = MaskedLanguageMetric()
    results = [
        metric.measure(None, {"spans": [], "masked": 3, "correct": 2, "loss": 1.5}),
        metric.measure(None, {"spans": [], "masked": 0, "correct": 0, "loss": 0.0}),
        metric.measure(None, {"spans": [], "masked": 1, "correct": 1, "loss": 0.5}),
    ]
    scores = metric.compute(results)
    assert scores == {"accuracy": 0.75, "loss": 0.5, "perplexity": pytest.approx(2.718281828**0.5)}
    assert metric.compute([]) == {"accuracy": 0.0, "loss": 0.0, "perplexity": 1.0}
