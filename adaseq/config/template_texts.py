"""The texts that commented configurations are made of."""

from __future__ import annotations

from dataclasses import dataclass

from adaseq.metainfo import Tasks


@dataclass(frozen=True)
class Texts:
    """What is different from one family of tasks to the other.

    Args:
        labels: an example of labels.
        preprocessor: the section.
        backbone: the sections `model` and `train` with a backbone.
        embedding: the same without one.
        metrics: the metrics of the section `evaluation`.
    """

    labels: str
    preprocessor: str
    backbone: str
    embedding: str
    metrics: str


HEAD = """\
# Check this file with `adaseq check -c FILE`, train with `adaseq train -c FILE`.
# Every key has a default, apart from task, dataset and model; `adaseq schema` writes a JSON Schema for editors.
# ${{NAME}} stands for a variable of the environment, ${{NAME|default}} for one that may be missing.

experiment:
  exp_dir: experiments/          # results go to exp_dir/exp_name/run_name
  exp_name: {name}
  # run_name: first              # by default the time of the start
  seed: 42

task: {task}{other_tasks}

dataset:
{dataset}
  # labels: {labels:<20} # or a file with one label per line; counted from train and valid by default
{more}
"""
TAIL = """\
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
{metrics}
# plugins: [my_module]           # modules of your own, which register models, metrics, hooks, …
"""
_EMBEDDER_GROUP = """
    param_groups:                # parameters that learn at another rate, by regular expressions on their names
      - regex: ^embedder
        lr: 5.0e-05"""
_OPTIMIZER = """\
  dataloader:
    batch_size_per_gpu: 16
    # token_budget: 4096         # the most pieces in a batch, padding included
  optimizer:
    type: AdamW                  # or any class of torch.optim
    lr: {lr}{{crf_group}}
    # options:
    #   grad_clip: {{{{max_norm: {norm}}}}}
    #   cumulative_iters: 2      # batches per step
"""
_BACKBONE = """\
  embedder:
    type: transformer-embedder
    model_name_or_path: {model}
"""
_EMBEDDING = """\
  embedder:
    type: embedding              # learned from your data; with a backbone: model_name_or_path: its folder or name
    embedding_dim: {dim}
"""
_FINE_TUNING = _OPTIMIZER.format(lr="5.0e-05", norm="1.0")
_FROM_SCRATCH = _OPTIMIZER.format(lr="1.0e-03", norm="5.0")

_TAGGING = Texts(
    labels="[PER, ORG]",
    preprocessor="""\
preprocessor:
  type: sequence-labeling-preprocessor
  # tag_scheme: BIO              # the tags that the model learns; BIOES by default, whatever the file uses
  # max_length: 512              # training cuts longer sentences; evaluation and prediction use overlapping windows
  # lowercase: true
""",
    backbone="""
model:
  type: sequence-labeling-model
"""
    + _BACKBONE
    + """\
    # sub_token_mode: avg        # the vector of a word: first (default), last, avg or w2max of its pieces
  # encoder: {{type: lstm, hidden_size: 256, bidirectional: true}}   # on top of the backbone; none by default
  dropout: 0.1
  use_crf: {use_crf}                  # false decides each word by itself: faster, good for parts of speech
  # constrained: true            # makes tag sequences impossible that the tag scheme forbids
  # partial: true                # learns from partly annotated data (spans of type PARTIAL)

train:
  max_epochs: 10
"""
    + _FINE_TUNING,
    embedding="""
model:
  type: sequence-labeling-model
"""
    + _EMBEDDING.replace("{dim}", "100")
    + """\
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
""",
    metrics="""\
    - type: ner-metric
      return_class_level_metric: true   # scores of each label, too
    - type: ner-dumper           # writes the predictions on the test data
      dump_format: conll         # or jsonline
""",
)


def _spans(preprocessor: str, model: str, on_backbone: str, on_words: str) -> Texts:
    """Those of a model that finds spans.

    Args:
        preprocessor: its type.
        model: the line of the model's type.
        on_backbone: the further arguments of the model with a backbone.
        on_words: the same without one.
    """
    head = f"\nmodel:\n  type: {model}\n"
    return Texts(
        labels="[PER, ORG]",
        preprocessor=f"""\
preprocessor:
  type: {preprocessor}
  # max_length: 512              # training cuts longer sentences; evaluation and prediction use overlapping windows
  # lowercase: true
""",
        backbone=head
        + _BACKBONE
        + "    # sub_token_mode: avg        # the vector of a word: first (default), last, avg or w2max of its pieces\n"
        + on_backbone
        + "\ntrain:\n  max_epochs: 10\n"
        + _OPTIMIZER.format(lr="1.0e-03", norm="1.0").replace("{crf_group}", _EMBEDDER_GROUP),
        embedding=head
        + _EMBEDDING.replace("{dim}", "100")
        + on_words
        + "\ntrain:\n  max_epochs: 20\n"
        + _OPTIMIZER.format(lr="2.0e-03", norm="5.0").replace("{crf_group}", ""),
        metrics="""\
    - type: span-extraction-metric   # scores of each label, too, and of nested entities by depth
    - type: ner-dumper           # writes the predictions on the test data
      model_type: span_based
      dump_format: jsonline
""",
    )


NESTED = _spans(
    "span-extraction-preprocessor",
    "global-pointer-model     # entities may lie in each other, and a span may have several types",
    """\
  # encoder: {{type: lstm, hidden_size: 256, bidirectional: true}}   # on top of the backbone; none by default
  dropout: 0.1
  word_scores: true              # the score of a span also takes what each of its words says by itself
  # flat_ner: true               # finds no two entities that share a word
""",
    """\
  encoder:
    type: lstm                   # or gru, rnn
    hidden_size: 128
    bidirectional: true
  dropout: 0.5
  word_scores: true              # the score of a span also takes what each of its words says by itself
  # flat_ner: true               # finds no two entities that share a word
""",
)
GAPS = _spans(
    "word-extraction-preprocessor",
    "w2ner-model              # entities may have gaps, and lie in each other",
    """\
  # lstm_encoder: {{type: lstm, hidden_size: 256, bidirectional: true}}   # on top of the backbone; none by default
  # cnn_encoder: {{channels: 64, dilation: [1, 2, 3], dropout: 0.5}}      # over pairs of words
  emb_dropout: 0.5
""",
    """\
  lstm_encoder:
    type: lstm                   # or gru, rnn
    hidden_size: 128
    bidirectional: true
  # cnn_encoder: {{channels: 64, dilation: [1, 2, 3], dropout: 0.5}}      # over pairs of words
  emb_dropout: 0.5
""",
)
_RELATION = Texts(
    labels="[born_in, None]",
    preprocessor="""\
preprocessor:
  type: relation-extraction-preprocessor
  # max_length: 256              # of longer texts what is nearest to the two entities is kept
  # lowercase: true
""",
    backbone="""
model:
  type: relation-extraction-model
"""
    + _BACKBONE
    + """\
  # entity_pooling: mean         # the vector of an entity: that of the mark before it (start), mean or max of its words
  # sentence_pooling: first      # a third vector, for the whole text: first ([CLS]), mean, max, attention; none by default
  dropout: 0.1
  # loss: {{type: label-smoothing}}

train:
  max_epochs: 10
"""
    + _FINE_TUNING,
    embedding="""
model:
  type: relation-extraction-model
"""
    + _EMBEDDING.replace("{dim}", "100")
    + """\
  encoder:
    type: lstm                   # or gru, rnn, cnn, transformer
    hidden_size: 128
    bidirectional: true
  # entity_pooling: mean         # the vector of an entity: that of the mark before it (start), mean or max of its words
  # sentence_pooling: attention  # a third vector, for the whole text: first, mean, max (default), attention; none
  dropout: 0.5
  # loss: {{type: label-smoothing}}

train:
  max_epochs: 20
"""
    + _FROM_SCRATCH,
    metrics="""\
    - type: relation-extraction-metric
      return_class_level_metric: true   # scores of each relation, too
    - type: label-dumper         # writes the predictions on the test data
""",
)
_TEXT = Texts(
    labels="[good, bad]",
    preprocessor="""\
preprocessor:
  type: text-classification-preprocessor
  # max_length: 256              # training cuts longer texts; evaluation and prediction use overlapping windows
  # lowercase: true
""",
    backbone="""
model:
  type: text-classification-model
"""
    + _BACKBONE
    + """\
  # pooling: mean                # the vector of a text: first ([CLS], the default), mean, max or attention
  dropout: 0.1
  # multi_label: true            # a text may have several labels, or none
  # class_threshold: 0.5         # then: the probability above which a label is predicted

train:
  max_epochs: 5
"""
    + _FINE_TUNING,
    embedding="""
model:
  type: text-classification-model
"""
    + _EMBEDDING.replace("{dim}", "300")
    + """\
  encoder:                       # or lstm, gru, …
    type: cnn
    channels: 100
    kernel_sizes: [3, 4, 5]
    dilation: [1]
  # pooling: attention           # the vector of a text: max (the default), mean or attention
  dropout: 0.5
  # multi_label: true            # a text may have several labels, or none
  # class_threshold: 0.5         # then: the probability above which a label is predicted

train:
  max_epochs: 15
"""
    + _FROM_SCRATCH,
    metrics="""\
    - type: text-classification-metric
      return_class_level_metric: true   # scores of each label, too
    - type: label-dumper         # writes the predictions on the test data
""",
)

_TYPING = Texts(
    labels="[person, poet]",
    preprocessor="""\
preprocessor:
  type: multilabel-span-typing-preprocessor
  # max_length: 256              # training cuts longer texts; evaluation and prediction use overlapping windows
  # lowercase: true
""",
    backbone="""
model:
  type: multilabel-span-typing-model
"""
    + _BACKBONE
    + """\
  dropout: 0.1
  # class_threshold: 0.5         # the probability above which a mention has a type

train:
  max_epochs: 10
"""
    + _FINE_TUNING,
    embedding="""
model:
  type: multilabel-span-typing-model
"""
    + _EMBEDDING.replace("{dim}", "100")
    + """\
  encoder:
    type: lstm                   # or gru, rnn, cnn, transformer
    hidden_size: 128
    bidirectional: true
  dropout: 0.5
  # class_threshold: 0.5         # the probability above which a mention has a type

train:
  max_epochs: 20
"""
    + _FROM_SCRATCH,
    metrics="""\
    - type: typing-metric
    - type: typing-dumper        # writes the predictions on the test data
""",
)

TEXTS: dict[str, Texts] = {
    Tasks.NAMED_ENTITY_RECOGNITION: _TAGGING,
    Tasks.PART_OF_SPEECH: _TAGGING,
    Tasks.CHUNKING: _TAGGING,
    Tasks.WORD_SEGMENTATION: _TAGGING,
    Tasks.ENTITY_TYPING: _TYPING,
    Tasks.RELATION_EXTRACTION: _RELATION,
    Tasks.TEXT_CLASSIFICATION: _TEXT,
}
"""By task: those for which there is a configuration to begin with."""
