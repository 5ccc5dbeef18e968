"""The sections of a configuration and their keys.

The keys of components (model, preprocessor, optimizer, …) are the arguments of their constructors and not listed here.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from adaseq.config.validation import Field, Section, allow_other_keys, nested

Block = Any
"""A component: its name, or a mapping with `type` and its arguments; checked with the components."""
Count = Annotated[int, Field(ge=1)]
Share = Annotated[float, Field(ge=0, lt=1)]


class Experiment(Section):
    """Where the results go, and the seed."""

    exp_dir: str = Field("experiments/", description="the folder of all experiments")
    exp_name: str = Field("unknown", description="the folder of this experiment, inside exp_dir")
    run_name: str | None = Field(
        None, description="the folder of one run, inside exp_name; by default the time of its start"
    )
    seed: int = Field(42, ge=0, lt=2**32, description="drives everything random")


class LabelCounter(Section):
    """Counts the labels of train and valid."""

    type: Literal["count_span_labels", "count_labels"] = Field("count_span_labels", description="what is counted")
    key: Literal["spans", "label"] | None = Field(
        None, description="where AdaSeq 0.6 looked for them; need not be given"
    )


class Transform(Section):
    """What to make of a table of tags, as AdaSeq 0.6 called it."""

    name: Literal["hf_ner_to_adaseq"] = Field(description="the only one there is")
    key: str = Field("ner_tags", description="the column of the tags")
    scheme: str = Field("bio", description="how the tags are written")
    classes_to_ignore: list[str] | None = Field(None, description="types whose spans are left out")


Amount = Annotated[int, Field(ge=1)] | Annotated[float, Field(gt=0, le=1)]


class Sample(Section):
    """Fewer examples of some splits: a share (0.1) or a number (500)."""

    train: Amount | None = Field(
        None, description="how much of the training data; what valid_ratio holds out is not counted"
    )
    valid: Amount | None = Field(None, description="how much of the valid data")
    test: Amount | None = Field(None, description="how much of the test data")
    seed: int | None = Field(None, ge=0, lt=2**32, description="decides which examples; by default experiment.seed")


class Dataset(Section):
    """The data. Options of the format (`delimiter`, `text_key`, …) stand beside these keys."""

    model_config = allow_other_keys

    data_file: str | dict[str, str | list[str] | None] | None = Field(
        None,
        description="a mapping of train, valid and test to files, or a folder or archive that holds them; files and archives may "
        "be addresses (https://…); for entity typing `cand` may name a JSON file with the candidates of each mention",
    )
    checksum: str | dict[str, str | list[str]] | None = Field(
        None, description="what the content of the files must hash to, sha256:…, in the shape of data_file"
    )
    path: str | None = Field(
        None, description="instead of data_file: a data set on Hugging Face (owner/name), or a folder of tables"
    )
    name: str | None = Field(
        None, description="instead of data_file: a data set on ModelScope (owner/name); beside path, the subset"
    )
    namespace: str | None = Field(None, description="the owner of the data set on ModelScope, if not in its name")
    subset_name: str | None = Field(None, description="which of the subsets of a data set on a hub")
    revision: str | None = Field(None, description="the branch, tag or commit of a data set on a hub")
    data_dir: str | None = Field(None, description="the folder in a data set on a hub that alone is looked at")
    splits: dict[Literal["train", "valid", "test"], str] | None = Field(
        None, description="how a data set calls its splits, where that is unusual: {valid: validation_matched}"
    )
    access_token: str | None = Field(
        None, description="the token of a user who may read the data set; better as ${TOKEN}; written nowhere"
    )
    transform: Literal["hf_ner_to_adaseq"] | Transform | None = Field(
        None, description="read a table of tags as AdaSeq 0.6 did; the options columns and source_scheme say the same"
    )
    data_type: str | None = Field(None, description="the format of the files; table, where they come from a hub")
    labels: str | Annotated[list[str], Field(min_length=1)] | LabelCounter | None = Field(
        None,
        description="the label types: a list, a file or an address of one with a label per line, or how to count them; counted from the data if absent",
    )
    valid: Literal["same_as_test"] | None = Field(
        None,
        description="same_as_test: choose the best model on the test data, as the old AdaSeq did without valid data",
    )
    valid_ratio: Share | None = Field(None, gt=0, description="the share of the training data to hold out as valid")
    test_ratio: Share | None = Field(None, gt=0, description="the share of the training data to hold out as test")
    stratified: bool | None = Field(None, description="hold out the same share of each label")
    label_map: dict[str, str | None] | None = Field(
        None,
        description="labels to rename, merge or drop (null): {PERSON: PER, 'B-.*': null}; keys are labels, or expressions that match "
        "whole labels, with \\1 in the new name for their first group",
    )
    sample: Sample | None = Field(None, description="train or evaluate on fewer examples: {train: 0.1, valid: 500}")
    corpora: list[Any] | None = Field(
        None, description="several corpora, each with keys as here; `dataset: [...]` means the same"
    )
    corpus_name: str | None = Field(
        None, min_length=1, description="what the results of this corpus are called; by default as its folder or file"
    )
    weight: float | None = Field(
        None,
        ge=0,
        allow_inf_nan=False,
        description="how often each training example of this corpus is seen in an epoch: 1 by default, 0.5 half of them, 3 three times",
    )
    task: str | None = Field(None, description="the same as the top-level task; need not be given")


class DataLoader(Section):
    """How batches are made."""

    batch_size_per_gpu: Count = Field(16, description="examples in a batch, on each device")
    workers_per_gpu: int = Field(
        0, ge=0, description="processes that prepare batches; 0 prepares them in the main process"
    )
    pin_memory: bool | None = Field(None, description="copy batches through pinned memory; by default on CUDA devices")
    persistent_workers: bool = Field(False, description="keep the worker processes from one epoch to the next")
    prefetch_factor: Count | None = Field(None, description="batches that each worker process prepares ahead")
    timeout: float = Field(0.0, ge=0, description="seconds to wait for a worker process; 0 waits for ever")


class TrainDataLoader(DataLoader):
    """How training batches are made."""

    shuffle: bool = Field(True, description="see the training data in a new order in each epoch")
    drop_last: bool = Field(False, description="leave out the last batch of an epoch if it is not full")
    group_by_length: bool = Field(True, description="put sentences of similar length into a batch, which saves padding")
    token_budget: Count | None = Field(
        None, description="the most pieces in a batch, padding included; batches of long sentences become smaller"
    )


class EvaluationDataLoader(DataLoader):
    """How evaluation batches are made."""

    batch_size_per_gpu: Count = Field(32, description="examples in a batch, on each device")
    shuffle: Literal[False] = Field(False, description="evaluation keeps the order of the data")


class GradClip(Section):
    """Gradient clipping."""

    max_norm: float = Field(gt=0, allow_inf_nan=True, description="the largest norm of all gradients together")
    norm_type: float = Field(2.0, gt=0, allow_inf_nan=True, description="the p of the norm")
    error_if_nonfinite: bool = Field(False, description="stop when the norm is infinite or not a number")


class OptimizerOptions(Section):
    """When the optimizer steps, and what happens to the gradients before."""

    grad_clip: GradClip | None = Field(None, description="clip gradients; none by default")
    cumulative_iters: Count = Field(1, description="batches whose gradients are added up for one step")
    loss_keys: str | list[str] = Field("loss", description="which of the model's outputs are added up to the loss")


class ParameterGroup(Section):
    """Parameters that are trained differently. Options of the optimizer (`lr`, `weight_decay`, …) stand beside these."""

    model_config = allow_other_keys

    regex: str | list[str] = Field(description="which parameters: expressions that are searched for in their names")
    requires_grad: bool | None = Field(None, description="false freezes these parameters")


class OptimizerExtras(Section):
    """Keys of `train.optimizer` beside the arguments of the optimizer."""

    param_groups: list[ParameterGroup] | None = Field(None, description="parameters with options of their own")
    options: OptimizerOptions = nested(OptimizerOptions, "accumulation and clipping")
    layer_decay: float | None = Field(
        None,
        gt=0,
        le=1,
        description="each layer of a backbone learns this much slower than the one above it; such as 0.9",
    )


class Warmup(Section):
    """A warm-up on top of any schedule."""

    type: Literal["LinearWarmup", "ConstantWarmup", "ExponentialWarmup"] = Field(
        "LinearWarmup", description="how the learning rate rises"
    )
    warmup_iters: Count = Field(description="optimizer steps that the warm-up takes")
    warmup_ratio: float = Field(0.1, gt=0, le=1, description="the share of the learning rate to begin with")


class SchedulerOptions(Section):
    """When the schedule steps."""

    by_epoch: bool | None = Field(
        None,
        description="step after each epoch or each optimizer step; by default by epoch for the classes of torch only",
    )
    lr_strategy: Literal["by_epoch", "by_step", "no"] | None = Field(None, description="the same as by_epoch, in words")
    warmup: Warmup | None = Field(None, description="a warm-up before it")


class SchedulerExtras(Section):
    """Keys of `train.lr_scheduler` beside the arguments of the schedule."""

    warmup_rate: float | None = Field(None, ge=0, le=1, description="the share of all steps that is warm-up")
    warmup_steps: int | None = Field(None, ge=0, description="the optimizer steps that are warm-up")
    options: SchedulerOptions = nested(SchedulerOptions, "by epoch or by step, and warm-up")


class SchedulerHook(Section):
    """Which score a plateau schedule watches."""

    type: Literal["PlateauLrSchedulerHook"] = Field("PlateauLrSchedulerHook", description="the only one there is")
    metric_key: str = Field("f1", description="the score that ReduceLROnPlateau watches")


class Train(Section):
    """The training."""

    trainer: str = Field("default-trainer", description="the trainer")
    max_epochs: Count = Field(10, description="how often the training data is seen")
    dataloader: TrainDataLoader = nested(TrainDataLoader, "how batches are made")
    optimizer: Block = Field(None, description="an optimizer of torch.optim, by name; AdamW by default")
    lr_scheduler: Block = Field(None, description="how the learning rate changes; linear with warm-up by default")
    lr_scheduler_hook: SchedulerHook | None = Field(None, description="the score that a plateau schedule watches")
    hooks: list[Block] | None = Field(
        None, description="what happens beside the training; merged with the default hooks by type"
    )
    keep_checkpoints: bool = Field(False, description="keep the checkpoints to resume from when the training is over")
    ema_decay: float | None = Field(
        None,
        gt=0,
        lt=1,
        description="evaluate and save a moving average of the weights, of which this share stays at each step, less at first: "
        "steps / (steps + 9); such as 0.999",
    )
    precision: Literal["fp32", "fp16", "bf16"] = Field("fp32", description="the number format of the computation")


class Evaluation(Section):
    """The evaluation, on valid data while training and on test data at its end."""

    dataloader: EvaluationDataLoader = nested(EvaluationDataLoader, "how batches are made")
    metrics: Block = Field(None, description="metrics and dumpers")


class Parallel(Section):
    """How several processes train together."""

    type: Literal["DistributedDataParallel"] = Field("DistributedDataParallel", description="the only one there is")
    find_unused_parameters: bool = Field(False, description="for models of which a batch may leave parameters unused")
    broadcast_buffers: bool = Field(
        True, description="copy the buffers of the first process to the others in each step"
    )
    bucket_cap_mb: Count = Field(25, description="megabytes of gradients that are sent at once")
    gradient_as_bucket_view: bool = Field(False, description="save memory by not copying gradients")
    static_graph: bool = Field(False, description="each step uses the same parameters in the same way")


class Sections(Section):
    """The whole configuration."""

    task: str = Field(description="what the model does: named-entity-recognition, part-of-speech, …")
    dataset: Dataset = Field(description="the data: data_file and data_type")
    experiment: Experiment = nested(Experiment, "where the results go, and the seed")
    preprocessor: Block = Field(None, description="from examples to features; the model's partner by default")
    data_collator: Block = Field(None, description="from features to batches; the model's partner by default")
    model: Block = Field(None, description="the network")
    train: Train = nested(Train, "the training")
    evaluation: Evaluation | None = nested(Evaluation, "the evaluation; null trains without choosing the best epoch")
    plugins: list[str] = Field([], description="modules of your own to import, which register components")
    plugin_dirs: list[str] = Field(
        [],
        description="folders where modules of your own may lie, beside the working directory and that of the configuration",
    )
    parallel: Parallel | None = Field(None, description="how several processes train together")
    work_dir: str | None = Field(None, description="the folder of the run, instead of exp_dir/exp_name/run_name")
