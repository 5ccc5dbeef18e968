"""What is right part by part, but not together: found by the check, at its place."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from adaseq.config import Config

Problems = Callable[..., list[str]]

EMBEDDER = "embedder: {type: embedding, embedding_dim: 10}"


@pytest.mark.parametrize(
    ("model", "message"),
    [
        (
            f"{EMBEDDER}\n  encoder: {{type: lstm, hidden_size: 4, input_size: 9}}",
            "c.yaml:7:3: model.encoder: encoder.input_size is 9, but the word vectors of the embedder are 10 wide; leave it out",
        ),
        (
            f"{EMBEDDER}\n  encoder: transformer",
            (
                "c.yaml:7:3: model.encoder: encoder.num_heads is 4, which does not divide the width of the layers, 10; choose another "
                "number of heads, or a hidden_size that it divides"
            ),
        ),
        (
            (
                "embedder: {type: stacked, embedders: [{type: embedding}, {type: char-lstm, hidden_size: 3}]}\n"
                "  encoder: {type: gru, hidden_size: 4, input_size: 100}"
            ),
            "c.yaml:7:3: model.encoder: encoder.input_size is 100, but the word vectors of the embedder are 106 wide; leave it out",
        ),
        (
            f"{EMBEDDER}\n  encoder: {{type: lstm, hidden_size: 0, dropout: 1}}",
            (
                "c.yaml:7:38: model.encoder.hidden_size: received 0; expected at least 1\n"
                "c.yaml:7:50: model.encoder.dropout: received 1; expected less than 1.0"
            ),
        ),
        (
            "embedder: {type: embedding, freeze: true}",
            "c.yaml:6:3: model.embedder: freeze: true needs an embedding_file with",
        ),
        (
            "embedder: {type: word-features, shape: false}",
            "c.yaml:6:3: model.embedder: word-features has no feature: give",
        ),
        (
            "embedder: {type: stacked, embedders: []}",
            "c.yaml:6:3: model.embedder: a stacked embedder needs at least one",
        ),
        (
            "embedder: {type: char-cnn, embedding_dim: .inf}",
            "c.yaml:6:45: model.embedder.embedding_dim: received inf; expected",
        ),
        (
            "embedder: {type: embedding, model_name_or_path: .}",
            "c.yaml:6:3: model.embedder: there are no word vectors at",
        ),
    ],
)
def test_parts_of_a_model(problems: Problems, model: str, message: str) -> None:
    assert "\n".join(problems(replace={EMBEDDER: model})).startswith(message)


@pytest.mark.parametrize(
    ("train", "message"),
    [
        (
            "optimizer: {type: AdamW, lr: -1}",
            "c.yaml:7:9: train.optimizer: AdamW refuses its arguments: Invalid learning rate: -1.0",
        ),
        (
            "optimizer: {type: SparseAdam, lr: 0.1}",
            "c.yaml:7:9: train.optimizer: SparseAdam cannot take a step: SparseAdam does not support dense gradients",
        ),
        (
            "optimizer: LBFGS",
            "c.yaml:7:9: train.optimizer: train.optimizer.type is 'LBFGS', which evaluates the loss several",
        ),
        ("optimizer: {lr: .nan}", "c.yaml:7:25: train.optimizer.lr: received nan; expected a finite number"),
        (
            "optimizer: {lr: 0.1, param_groups: [{regex: crf, betas: [0.9, 2]}]}",
            (
                "c.yaml:7:45: train.optimizer.param_groups.0: AdamW refuses its arguments: Invalid beta parameter at "
                "index 1: 2.0"
            ),
        ),
        (
            "optimizer: {layer_decay: 0.9}",
            "c.yaml:7:34: train.optimizer.layer_decay: the model has no backbone with layers; leave it out",
        ),
        (
            "optimizer: {lr: 0.1, param_groups: [{regex: []}, {regex: [a, '(b']}]}",
            (
                "c.yaml:7:53: train.optimizer.param_groups.0.regex: received an empty list; expected which parameters are meant\n"
                "c.yaml:7:70: train.optimizer.param_groups.1.regex.1: '(b' is no regular expression: missing )"
            ),
        ),
        (
            "lr_scheduler: {type: StepLR, step_size: 0}",
            "c.yaml:7:9: train.lr_scheduler: StepLR cannot take a step: integer modulo by zero",
        ),
        (
            "lr_scheduler: {type: ReduceLROnPlateau, min_lr: [0.1, 0.1]}",
            (
                "c.yaml:7:49: train.lr_scheduler.min_lr: a list of length 2; give one number for all parameter groups, or a list "
                "with one for each: the default group and 0 in train.optimizer.param_groups"
            ),
        ),
        (
            "lr_scheduler: {type: polynomial, lr_end: 5}",
            "c.yaml:7:9: train.lr_scheduler: lr_end (5.0) must be less than the optimizer's lr (0.001)",
        ),
        (
            "hooks: [{type: EarlyStopHook, metric_key: f2}]",
            (
                "c.yaml:7:51: train.hooks.0.metric_key: watches the score 'f2', which no metric gives; there are: "
                "precision, recall, f1, accuracy"
            ),
        ),
        (
            "hooks: [{type: BestCkptSaverHook, output_sub_dir: ..}]",
            (
                "c.yaml:7:17: train.hooks.0: BestCkptSaverHook: output_sub_dir is '..'; it must be the name of something inside the run "
                "folder"
            ),
        ),
        (
            "hooks: [{type: CheckpointHook, output_sub_dir: checkpoints}]",
            (
                "c.yaml:7:17: train.hooks.0: CheckpointHook: output_sub_dir is 'checkpoints', which the run writes itself; choose another "
                "name"
            ),
        ),
        (
            "hooks: [{type: CheckpointHook, output_sub_dir: output_best}]",
            (
                "c.yaml:7:9: train.hooks: CheckpointHook writes output_best, and BestCkptSaverHook output_best; give one of them another name"
            ),
        ),
        (
            "hooks: [TextLoggerHook, {type: TextLoggerHook, interval: 3}]",
            "c.yaml:7:9: train.hooks: TextLoggerHook writes metrics.json, and TextLoggerHook metrics.json; give one of them another name",
        ),
        (
            "hooks: [{type: BestCkptSaverHook, save_file_name: best/weights.pth, output_sub_dir: best}]",
            (
                "c.yaml:7:9: train.hooks: BestCkptSaverHook writes best, and BestCkptSaverHook best/weights.pth; give one of them another "
                "name"
            ),
        ),
    ],
)
def test_the_training(problems: Problems, train: str, message: str) -> None:
    assert "\n".join(problems(f"train: {{{train}}}\n")).startswith(message)


@pytest.mark.parametrize(
    ("metrics", "message"),
    [
        (
            "typing-metric",
            (
                "c.yaml:7:23: evaluation.metrics: typing-metric reads types of predictions, which a 'sequence-labeling-model' does not "
                "make; choose among ner-metric, pretraining-metric, sequence-labeling-metric, span-extraction-metric"
            ),
        ),
        (
            "[ner-metric, {type: ner-dumper, model_type: span_based}, label-dumper]",
            (
                "c.yaml:7:80: evaluation.metrics.2: label-dumper reads label, labels of predictions, which a 'sequence-labeling-model' does "
                "not make; choose among"
            ),
        ),
        ("[]", "c.yaml:7:23: evaluation.metrics: watches the score 'f1', which no metric gives"),
    ],
)
def test_metrics(problems: Problems, metrics: str, message: str) -> None:
    (found, *_) = problems(f"evaluation: {{metrics: {metrics}}}\n")
    assert found.startswith(message)


def test_what_goes_together(load: Callable[..., Config], folder: Path) -> None:
    load(
        "train: {optimizer: {type: SGD, lr: 0.1, momentum: 0.9}, lr_scheduler: {type: OneCycleLR, max_lr: 0.1}, "
        "hooks: [{type: BestCkptSaverHook, metric_key: f1-PER, output_sub_dir: models/best}]}\n"
        "evaluation: {metrics: [span-extraction-metric, ner-metric]}\n",
        replace={EMBEDDER: f"{EMBEDDER}\n  encoder: {{type: transformer, num_heads: 5, input_size: 10}}"},
    )


def test_arguments_that_are_wrong_together_or_as_names(problems: Problems) -> None:
    found = problems(
        "preprocessor: {tag_scheme: BIOSE, text_splitter: char}\n"
        "train: {hooks: [{type: BestCkptSaverHook, max_checkpoint_num: 0}]}\n"
        "evaluation: {metrics: [{type: ner-dumper, model_type: span_based, dump_format: conll}]}\n",
        replace={
            "embedding_dim: 10}": "embedding_dim: 10}\n  partial: true\n  use_crf: false",
            "data_type: conll": "data_type: conll\n  encoding: utf8000",
        },
    )
    assert found == [
        "c.yaml:2:1: dataset: there is no character encoding 'utf8000'; usual ones: utf-8, gb18030, latin-1",
        "c.yaml:6:1: model: model.partial: true needs a CRF: set use_crf: true",
        (
            "c.yaml:10:1: preprocessor: there is no tag scheme 'BIOSE'; did you mean 'BIOES'? Known: BIO, IOB1, BIOES, BMES, "
            "BILOU, IO, BI, BIES, PLAIN"
        ),
        "c.yaml:11:17: train.hooks.0: BestCkptSaverHook: max_checkpoint_num is 0; it must be at least 1",
        (
            "c.yaml:12:24: evaluation.metrics.0: ner-dumper: dump_format conll writes one tag per word, which a span_based model "
            "does not give; use dump_format: jsonline"
        ),
    ]


def test_an_evaluation_is_needed_by_what_needs_it(problems: Problems) -> None:
    assert problems("evaluation:\ntrain: {hooks: [EarlyStopHook]}\n") == [
        "c.yaml:8:17: train.hooks.0: EarlyStopHook needs an evaluation, which 'evaluation: null' switches off"
    ]


def test_two_warm_ups_contradict_each_other(problems: Problems) -> None:
    assert problems("train: {lr_scheduler: {type: linear, warmup_rate: 0.1, warmup_steps: 5}}\n") == [
        "c.yaml:7:56: train.lr_scheduler.warmup_steps: give it or warmup_rate, not both"
    ]


@pytest.mark.parametrize(
    "data_file", ["{}", "{train: null, valid: dev.txt}", "{train: [], valid: dev.txt}", "{test: train.txt}"]
)
def test_there_is_something_to_train_on(problems: Problems, data_file: str) -> None:
    (found,) = problems(replace={"{train: train.txt, valid: dev.txt}": data_file})
    assert found.startswith("c.yaml:3:3: dataset.data_file: received a mapping with ")
    assert found.endswith(", in which no 'train' names a file: there is nothing to train on")


def test_one_of_several_corpora_can_be_for_evaluation_alone(load: Callable[..., Config]) -> None:
    first = "{name: a, data_type: conll, data_file: {train: train.txt, valid: dev.txt}}"
    corpora = f"corpora: [{first}, {{name: b, data_type: conll, data_file: {{test: dev.txt}}}}]"
    load(replace={"  data_file: {train: train.txt, valid: dev.txt}\n  data_type: conll\n": f"  {corpora}\n"})
