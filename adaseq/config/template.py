"""A commented configuration to begin with."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from adaseq.config.writer import to_yaml
from adaseq.metainfo import Formats, Tasks

_HEAD = """\
# Check this file with `adaseq check -c FILE`, train with `adaseq train -c FILE`.
# Every key has a default, apart from task, dataset and model; `adaseq schema` writes a JSON Schema for editors.
# ${{NAME}} stands for a variable of the environment, ${{NAME|default}} for one that may be missing.

experiment:
  exp_dir: experiments/          # results go to exp_dir/exp_name/run_name
  exp_name: {name}
  # run_name: first              # by default the time of the start
  seed: 42

task: {task}   # or: {other_tasks}

dataset:
{dataset}
  # labels: [PER, ORG]           # or a file with one label per line; counted from train and valid by default
{more}
preprocessor:
  type: sequence-labeling-preprocessor
  # tag_scheme: BIO              # the tags that the model learns; BIOES by default, whatever the file uses
  # max_length: 512              # training cuts longer sentences; evaluation and prediction use overlapping windows
  # lowercase: true
"""
_BACKBONE = """
model:
  type: sequence-labeling-model
  embedder:
    type: transformer-embedder
    model_name_or_path: {model}
    # sub_token_mode: avg        # the vector of a word: first (default), last, avg or w2max of its pieces
  # encoder: {{type: lstm, hidden_size: 256, bidirectional: true}}   # on top of the backbone; none by default
  dropout: 0.1
  use_crf: {use_crf}                  # false decides each word by itself: faster, good for parts of speech
  # constrained: true            # makes tag sequences impossible that the tag scheme forbids
  # partial: true                # learns from partly annotated data (spans of type PARTIAL)

train:
  max_epochs: 10
  dataloader:
    batch_size_per_gpu: 16
    # token_budget: 4096         # the most pieces in a batch, padding included
  optimizer:
    type: AdamW                  # or any class of torch.optim
    lr: 5.0e-05{crf_group}
    # options:
    #   grad_clip: {{max_norm: 1.0}}
    #   cumulative_iters: 2      # batches per step
"""
_EMBEDDING = """
model:
  type: sequence-labeling-model
  embedder:
    type: embedding              # learned from your data; with a backbone: model_name_or_path: its folder or name
    embedding_dim: 100
  encoder:
    type: lstm                   # or gru, rnn
    hidden_size: 128
    bidirectional: true
  dropout: 0.5
  use_crf: true                  # false decides each word by itself
  # constrained: true            # makes tag sequences impossible that the tag scheme forbids
  # partial: true                # learns from partly annotated data (spans of type PARTIAL)

train:
  max_epochs: 15
  dataloader:
    batch_size_per_gpu: 16
  optimizer:
    type: AdamW                  # or any class of torch.optim
    lr: 2.0e-03
    param_groups:                # parameters that learn at another rate, by regular expressions on their names
      - regex: crf
        lr: 1.0e-02
    # options:
    #   grad_clip: {{max_norm: 5.0}}
    #   cumulative_iters: 2      # batches per step
"""
_VALID_RATIO = "  # valid_ratio: 0.1             # holds out a share of train, where there is no valid file\n"
_SOURCE_SCHEME = (
    "  # source_scheme: BIO           # how the tags are written; found out from all of the file by default\n"
)
_CRF_GROUP = """
    param_groups:                # parameters that learn at another rate, by regular expressions on their names
      - regex: crf
        lr: 5.0e-02"""
_TAIL = """\
  lr_scheduler:
    type: linear                 # or cosine, constant, … or a class of torch.optim.lr_scheduler
    warmup_rate: 0.1             # the share of all steps in which the learning rate rises
  # hooks:                       # are added to those that are always there
  #   - type: EarlyStopHook
  #     patience: 3
  # precision: bf16              # or fp16, fp32

evaluation:                      # leave it empty to train without choosing the best epoch
  dataloader:
    batch_size_per_gpu: 64
  metrics:
    - type: ner-metric
      return_class_level_metric: true   # scores of each label, too
    - type: ner-dumper           # writes the predictions on the test data
      dump_format: conll         # or jsonline

# plugins: [my_module]           # modules of your own, which register models, metrics, hooks, …
"""
_TASKS = (Tasks.NAMED_ENTITY_RECOGNITION, Tasks.PART_OF_SPEECH, Tasks.CHUNKING, Tasks.WORD_SEGMENTATION)


def commented_config(task: str, name: str, dataset: Mapping[str, Any], model: str | None = None) -> str:
    """The YAML text of a complete configuration, with comments on what else could stand there.

    Args:
        task: the task.
        name: the name of the experiment.
        dataset: the content of the section `dataset`.
        model: the folder or name of a backbone; without one, embeddings and an LSTM are learned from the data.
    """
    body = _EMBEDDING if model is None else _BACKBONE
    more = "" if "valid" in dataset["data_file"] or "valid_ratio" in dataset else _VALID_RATIO
    if dataset["data_type"] in (Formats.CONLL, Formats.JSON_TAGS):
        more += _SOURCE_SCHEME
    use_crf = task != Tasks.PART_OF_SPEECH
    return (_HEAD + body + _TAIL).format(
        task=task,
        other_tasks=", ".join(each for each in _TASKS if each != task),
        name=_scalar(name),
        dataset="\n".join("  " + line for line in to_yaml(dict(dataset)).splitlines()),
        more=more,
        model=_scalar(model),
        use_crf="true" if use_crf else "false",
        crf_group=_CRF_GROUP if use_crf else "",
    )


def _scalar(value: str | None) -> str:
    return to_yaml([value]).strip().removeprefix("- ")
