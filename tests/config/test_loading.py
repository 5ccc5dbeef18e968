"""Loading a configuration: what is found wrong, and when."""

from __future__ import annotations

import pickle
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from adaseq.config import Config, ConfigError, Problem, find_config, load_config
from adaseq.config.sections import Dataset
from adaseq.metainfo import Embedders, Formats, Metrics
from adaseq.registry import OPTIMIZERS

Problems = Callable[..., list[str]]
Load = Callable[..., Config]

OWN = "A class of your own is named as 'module:Class', or registered in a module listed under 'plugins:'."
EMBEDDERS = ", ".join(sorted(value for name, value in vars(Embedders).items() if name.isupper()))
FORMATS = ", ".join(sorted(value for name, value in vars(Formats).items() if name.isupper()))
METRICS = ", ".join(sorted(value for name, value in vars(Metrics).items() if name.isupper()))
CONLL_OPTIONS = ("delimiter", "encoding", "label_column", "partial_label", "source_scheme", "strict", "token_column")
DATASET_KEYS = ", ".join(sorted({*Dataset.model_fields, *CONLL_OPTIONS}))
SECTIONS = "data_collator, dataset, evaluation, experiment, model, parallel, plugin_dirs, plugins, preprocessor, task, train, work_dir"


def test_a_right_configuration_has_sections_and_components(load: Load, folder: Path) -> None:
    config = load("experiment: {seed: 7}\n", overrides=["train.max_epochs=3"], extra={"experiment.run_name": "r"})
    assert config.experiment.seed == 7 and config.experiment.run_name == "r" and config.train.max_epochs == 3
    assert config.model["type"] == "sequence-labeling-model"
    assert config.dataset["data_file"] == {"train": str(folder / "train.txt"), "valid": str(folder / "dev.txt")}
    assert config.base_dirs == [folder, folder] and config.warnings == []


def test_a_dict_is_taken_as_it_is(folder: Path) -> None:
    source: dict[str, Any] = {
        "task": "part-of-speech",
        "dataset": {
            "data_file": {"train": Path("train.txt"), "valid": "dev.txt"},
            "data_type": "conll",
            "delimiter": "$A",
        },
        "model": {"embedder": {"type": "embedding"}},
        "experiment": {"exp_name": 2024},
    }
    config = load_config(source)
    assert config.dataset["delimiter"] == "$A" and config.experiment.exp_name == "2024"
    assert source["dataset"]["data_file"]["train"] == Path("train.txt")
    with pytest.raises(ConfigError) as caught:
        load_config({**source, "model": {"embedder": "embeding"}})
    assert str(caught.value) == (
        "1 problem in the configuration:\nmodel.embedder: there is no embedder 'embeding'; did you mean 'embedding'? known: "
        f"{EMBEDDERS}. {OWN}"
    )


def test_misspelt_keys_at_every_depth_are_reported_together(problems: Problems) -> None:
    found = problems(
        "experimnt: {seed: 1}\n"
        "train:\n"
        "  max_epoch: 3\n"
        "  dataloader: {batch_size: 4}\n"
        "  optimizer: {type: AdamW, weight_deacy: 0.1, param_groups: [{regex: a, lrate: 1}], options: {grad_clip: {max_nrom: 1}}}\n"
        "  lr_scheduler: {type: linear, warmup_ratio: 0.1}\n"
        "  hooks: [{type: EvaluationHook, intervall: 2}]\n"
        "evaluation:\n"
        "  metrics: [{type: ner-metric, return_macrof1: true}]\n",
        replace={
            "data_type: conll": "data_type: conll\n  delimeter: tab",
            "embedding_dim: 10}": "embeding_dim: 10}\n  encoder: {type: lstm, hidden_size: 4, num_layer: 2}\n  droput: 0.1",
        },
    )
    loader = (
        "batch_size_per_gpu, drop_last, group_by_length, persistent_workers, pin_memory, prefetch_factor, shuffle, timeout, "
        "token_budget, workers_per_gpu"
    )
    options = "amsgrad, betas, capturable, differentiable, eps, foreach, fused, lr, maximize"
    assert found == [
        (
            "c.yaml:5:3: dataset.delimeter: unknown key 'delimeter'; did you mean 'delimiter'? allowed here: "
            f"{DATASET_KEYS}"
        ),
        (
            "c.yaml:7:31: model.embedder.embeding_dim: unknown key 'embeding_dim'; did you mean 'embedding_dim'? allowed here: "
            "embedding_dim, embedding_file, freeze, init_std, lookup, max_vectors, model_name_or_path, oov, padding_idx, "
            "unknown_rate, vocab_file, words"
        ),
        (
            "c.yaml:8:41: model.encoder.num_layer: unknown key 'num_layer'; did you mean 'num_layers'? allowed here: bias, "
            "bidirectional, dropout, hidden_size, input_size, num_layers"
        ),
        (
            "c.yaml:9:3: model.droput: unknown key 'droput'; did you mean 'dropout'? allowed here: chunk, "
            "constrained, dropout, embedder, encoder, id_to_label, loss, multiview, mv_interpolation, mv_loss_type, partial, "
            "temperature, use_crf, variational_dropout, word_dropout"
        ),
        f"c.yaml:10:1: experimnt: unknown key 'experimnt'; did you mean 'experiment'? allowed here: {SECTIONS}",
        (
            "c.yaml:12:3: train.max_epoch: unknown key 'max_epoch'; did you mean 'max_epochs'? allowed here: dataloader, ema_decay, hooks, "
            "keep_checkpoints, lr_scheduler, lr_scheduler_hook, max_epochs, optimizer, precision, trainer"
        ),
        (
            f"c.yaml:13:16: train.dataloader.batch_size: unknown key 'batch_size'; did you mean 'batch_size_per_gpu'? allowed "
            f"here: {loader}"
        ),
        (
            "c.yaml:14:28: train.optimizer.weight_deacy: unknown key 'weight_deacy'; did you mean 'weight_decay'? allowed here: "
            f"{options.replace('fused', 'fused, layer_decay')}, options, param_groups, weight_decay"
        ),
        (
            "c.yaml:14:73: train.optimizer.param_groups.0.lrate: unknown key 'lrate'; allowed here: "
            f"{options}, regex, requires_grad, weight_decay"
        ),
        "c.yaml:14:95: train.optimizer.options.grad_clip.max_norm: is required: the largest norm of all gradients together",
        (
            "c.yaml:14:107: train.optimizer.options.grad_clip.max_nrom: unknown key 'max_nrom'; did you mean 'max_norm'? allowed "
            "here: error_if_nonfinite, max_norm, norm_type"
        ),
        (
            "c.yaml:15:32: train.lr_scheduler.warmup_ratio: unknown key 'warmup_ratio'; did you mean 'warmup_rate'? allowed "
            "here: options, warmup_rate, warmup_steps"
        ),
        (
            "c.yaml:16:34: train.hooks.0.intervall: unknown key 'intervall'; did you mean 'interval'? allowed here: by_epoch, "
            "eval_strategy, interval, start_idx"
        ),
        (
            "c.yaml:18:32: evaluation.metrics.0.return_macrof1: unknown key 'return_macrof1'; did you mean 'return_macro_f1'? "
            "allowed here: mode, return_class_level_metric, return_macro_f1"
        ),
    ]


def test_wrong_values_and_unknown_types_are_reported_together(problems: Problems) -> None:
    found = problems(
        "train:\n"
        "  max_epochs: many\n"
        "  optimizer: {type: AdamV, lr: fast}\n"
        "  hooks: [EvalHook, 3, {interval: 2}]\n"
        "evaluation: {dataloader: {shuffle: true}, metrics: ner_metric}\n"
        "data_collator: [x]\n",
        replace={"named-entity-recognition": "ner", "conll": "colnn", "type: embedding,": "type: embeddings,"},
    )
    assert found == [
        (
            "c.yaml:1:7: task: there is no task 'ner'; known: named-entity-recognition, part-of-speech, chunking, "
            "word-segmentation, relation-extraction, text-classification, entity-typing, pretraining"
        ),
        (
            "c.yaml:4:14: dataset.data_type: there is no data format 'colnn'; did you mean 'conll'? known: "
            f"{FORMATS}. {OWN}"
        ),
        (
            "c.yaml:6:20: model.embedder.type: there is no embedder 'embeddings'; did you mean 'embedding'? known: "
            f"{EMBEDDERS}. {OWN}"
        ),
        "c.yaml:8:15: train.max_epochs: received 'many'; expected a whole number",
        (
            "c.yaml:9:21: train.optimizer.type: there is no optimizer 'AdamV'; did you mean 'Adam'? known: "
            f"{', '.join(OPTIMIZERS.names())}. {OWN}"
        ),
        (
            "c.yaml:10:11: train.hooks.0: there is no hook 'EvalHook'; did you mean 'EvaluationHook'? known: BestCkptSaverHook, "
            "CheckpointHook, EarlyStopHook, EvaluationHook, IterTimerHook, ProgressHook, TensorboardHook, TextLoggerHook. "
            f"{OWN}"
        ),
        "c.yaml:10:21: train.hooks.1: received 3; expected a component: its name, or a mapping with 'type'",
        (
            "c.yaml:10:24: train.hooks.2.type: is required: which hook to use; known: BestCkptSaverHook, CheckpointHook, "
            "EarlyStopHook, EvaluationHook, IterTimerHook, ProgressHook, TensorboardHook, TextLoggerHook"
        ),
        "c.yaml:11:36: evaluation.dataloader.shuffle: received true; expected false",
        (
            "c.yaml:11:52: evaluation.metrics: there is no metric 'ner_metric'; did you mean 'ner-metric'? known: "
            f"{METRICS}. {OWN}"
        ),
        "c.yaml:12:16: data_collator: received a list of 1; expected a component: its name, or a mapping with 'type'",
    ]


def test_unknown_types_of_torch_are_reported_with_the_rest(problems: Problems) -> None:
    train = "train:\n  max_epochs: ten\n  optimizer: {type: AdamWW}\n  lr_scheduler: linea\n"
    found = problems(train)
    assert [each.split(";")[0] for each in found] == [
        "c.yaml:8:15: train.max_epochs: received 'ten'",
        "c.yaml:9:21: train.optimizer.type: there is no optimizer 'AdamWW'",
        "c.yaml:10:17: train.lr_scheduler: there is no learning-rate scheduler 'linea'",
    ]
    assert len(problems(f"{train}plugins: [brings_them]\n")) == 1  # which is not imported while the file is wrong


def test_arguments_are_checked_against_the_classes_when_the_sections_are_right(problems: Problems) -> None:
    found = problems(
        "preprocessor: {max_length: long, one_label_per_word: true}\n"
        "train:\n"
        "  optimizer: {type: AdamV}\n"
        "  lr_scheduler: {type: LinearLR, start_factor: x, total_iters: }\n",
        replace={"embedding_dim: 10}": "embedding_dim: ten}\n  word_dropout: sometimes\n  id_to_label: {0: 5, x: O}"},
    )
    assert found == [
        "c.yaml:6:46: model.embedder.embedding_dim: received 'ten'; expected a whole number",
        "c.yaml:7:17: model.word_dropout: received 'sometimes'; expected true or false or a number",
        "c.yaml:8:23: model.id_to_label.x: the key is 'x'; expected a whole number",
        "c.yaml:9:28: preprocessor.max_length: received 'long'; expected a whole number",
        "c.yaml:9:34: preprocessor.one_label_per_word: is filled in by AdaSeq and cannot be set",
        (
            "c.yaml:11:21: train.optimizer.type: there is no optimizer 'AdamV'; did you mean 'Adam'? known: "
            "ASGD, Adadelta, Adafactor, Adagrad, Adam, AdamW, Adamax, LBFGS, Muon, NAdam, RAdam, RMSprop, Rprop, SGD, "
            f"SparseAdam. {OWN}"
        ),
        "c.yaml:12:48: train.lr_scheduler.start_factor: received 'x'; expected a number",
    ]


def test_what_is_required(problems: Problems, folder: Path) -> None:
    (folder / "c.yaml").write_text("experiment: {seed: 1}\n", encoding="utf-8")
    with pytest.raises(ConfigError) as caught:
        load_config("c.yaml")
    assert str(caught.value) == (
        "3 problems in the configuration:\n"
        "c.yaml: task: is required: what the model does: named-entity-recognition, part-of-speech, …\n"
        "c.yaml: dataset: is required: the data: data_file and data_type\n"
        "c.yaml: model: is required: the network, or at least its backbone: model.embedder.model_name_or_path"
    )
    assert problems(replace={"{type: embedding, embedding_dim: 10}": "{}"}) == [
        "c.yaml:6:3: model.embedder.type: is required: which embedder to use; known: " + EMBEDDERS
    ]
    assert problems(replace={"embedder: {type: embedding, embedding_dim: 10}": "dropout: 0.1"}) == [
        "c.yaml:5:1: model.embedder: 'sequence-labeling-model' needs it (an embedder): turns pieces or words into word vectors."
    ]


@pytest.mark.parametrize(
    ("replace", "message"),
    [
        (
            {"  data_type: conll\n": ""},
            f"c.yaml:2:1: dataset.data_type: is required: the format of the files; known: {FORMATS}",
        ),
        (
            {"data_file: {train: train.txt, valid: dev.txt}": "labels: [A]"},
            (
                "c.yaml:2:1: dataset.data_file: is required: a mapping of train, valid and test to files, or a folder or archive "
                "that holds them; or path, a data set on Hugging Face, or name, one on ModelScope"
            ),
        ),
        (
            {"valid: dev.txt": "evaluate: dev.txt"},
            "c.yaml:3:33: dataset.data_file.evaluate: there is no split 'evaluate'; allowed: train, valid, test",
        ),
        (
            {", valid: dev.txt": ""},
            (
                "c.yaml:3:3: dataset.data_file: there is no valid split to choose the best model on; name one, or hold out a "
                "share of train with dataset.valid_ratio: 0.1, or train without choosing: evaluation: null"
            ),
        ),
        (
            {"data_type: conll": "data_type: conll\n  valid_ratio: 0.1"},
            (
                "c.yaml:5:3: dataset.valid_ratio: says how to do without a valid file, but dataset.data_file has one; leave one "
                "of them out"
            ),
        ),
        (
            {"data_type: conll": "data_type: conll\n  valid_ratio: 1.0"},
            "c.yaml:5:16: dataset.valid_ratio: received 1.0; expected less than 1.0",
        ),
        (
            {"data_type: conll": "data_type: conll\n  labels: {type: count_tokens}"},
            (
                "c.yaml:5:18: dataset.labels.type: received 'count_tokens'; expected 'count_span_labels' or 'count_labels'; did "
                "you mean 'count_labels'?"
            ),
        ),
    ],
)
def test_the_section_dataset(problems: Problems, replace: dict[str, str], message: str) -> None:
    assert message in problems(replace=replace)


def test_regular_expressions_are_compiled(problems: Problems) -> None:
    found = problems(
        "train: {optimizer: {param_groups: [{regex: 'crf('}, {regex: [ok, '*']}, {lr: 1}, {regex: (a+)+b}]}}\n"
    )
    assert found == [
        (
            "c.yaml:7:44: train.optimizer.param_groups.0.regex: 'crf(' is no regular expression: missing ), unterminated "
            "subpattern at position 3"
        ),
        "c.yaml:7:66: train.optimizer.param_groups.1.regex.1: '*' is no regular expression: nothing to repeat at position 0",
        (
            "c.yaml:7:73: train.optimizer.param_groups.2.regex: is required: which parameters: expressions that are searched for "
            "in their names"
        ),
        (
            "c.yaml:7:90: train.optimizer.param_groups.3.regex: the expression '(a+)+b' is refused: a repetition stands inside "
            "another one, which may take for ever"
        ),
    ]


def test_problems_of_flags_name_the_flag(problems: Problems) -> None:
    found = problems(overrides=["train.max_epochs=x", "train.hookz=[]"], extra={"experiment.seed": -1})
    assert found == [
        (
            "--set train.hookz: train.hookz: unknown key 'hookz'; did you mean 'hooks'? allowed here: dataloader, ema_decay, hooks, "
            "keep_checkpoints, lr_scheduler, lr_scheduler_hook, max_epochs, optimizer, precision, trainer"
        ),
        "--set train.max_epochs: train.max_epochs: received 'x'; expected a whole number",
        "command line: experiment.seed: received -1; expected at least 0",
    ]


def test_undefined_variables_are_reported_with_the_rest(problems: Problems) -> None:
    found = problems("epochs: 3\n", replace={"train.txt": "'${DATA}/train.txt'"}, check_files=False)
    assert found == [
        (
            "c.yaml:3:22: dataset.data_file.train: the variable 'DATA' is not set. Set it in the environment, or give it a "
            "default: ${DATA|default}. A dollar sign itself is written $$"
        ),
        f"c.yaml:7:1: epochs: unknown key 'epochs'; allowed here: {SECTIONS}",
    ]


def test_without_components_only_the_sections_are_checked(load: Load) -> None:
    config = load(replace={"embedding_dim: 10": "nonsense: 10"}, check_components=False)
    assert config.model == {"embedder": {"type": "embedding", "nonsense": 10}}
    assert config.train.optimizer is None and config.preprocessor is None
    assert config.to_dict()["model"] == config.model


@pytest.mark.parametrize(
    "change",
    [
        lambda text: "task: x",
        lambda text: "a: [",
        lambda text: "train: {max_epochs: 0}\ntask: 3\nmodel: {dropuot: 1}\n",
        lambda text: text.replace("embedding_dim", "embedding_din"),
        lambda text: text.replace("embedding_dim: 10", "embedding_dim: ten"),
        lambda text: text.replace("data_type: conll", "data_type: conll\n  delimeter: tab"),
        lambda text: text + "train: {optimizer: {type: SGD, lr: fast}, lr_scheduler: {type: StepLR}}\n",
    ],
)
def test_mistakes_that_the_source_tells_of_are_found_without_torch(
    load: Load, folder: Path, change: Callable[[str], str]
) -> None:
    load()  # writes the file
    text = (folder / "c.yaml").read_text(encoding="utf-8")
    (folder / "c.yaml").write_text(change(text), encoding="utf-8")
    assert change(text) != text
    code = (
        "import sys\nfrom adaseq.config import ConfigError, load_config\n"
        "try:\n    load_config('c.yaml')\nexcept ConfigError as error:\n    print(len(error.problems) > 0)\n"
        "print(sorted({'torch', 'transformers', 'pyarrow', 'accelerate'} & sys.modules.keys()))"
    )
    environ = {"PYTHONPATH": str(Path(__file__).resolve().parents[2])}
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=environ)
    assert result.stdout == "True\n[]\n"


def test_checking_components_imports_neither_transformers_nor_accelerate(load: Load, folder: Path) -> None:
    load()
    code = (
        "import sys\nfrom adaseq.config import load_config\nload_config('c.yaml')\n"
        "print(sorted({'torch', 'torch._dynamo', 'transformers', 'pyarrow', 'accelerate', 'datasets'} & sys.modules.keys()))"
    )
    environ = {"PYTHONPATH": str(Path(__file__).resolve().parents[2])}
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=environ)
    assert result.stdout == "['torch']\n"


def test_files_that_are_not_there(folder: Path) -> None:
    (folder / "mine.yaml").touch()
    with pytest.raises(ConfigError) as caught:
        load_config("mien.yaml")
    assert (
        str(caught.value)
        == "1 problem in the configuration:\nmien.yaml: there is no such file; did you mean 'mine.yaml'?"
    )
    with pytest.raises(ConfigError, match="nowhere/c.yaml: there is no folder 'nowhere'"):
        load_config("nowhere/c.yaml")


def test_python_files_are_refused(folder: Path) -> None:
    (folder / "c.py").touch()
    with pytest.raises(ConfigError) as caught:
        load_config("c.py")
    assert str(caught.value.problems[0]) == (
        "c.py: a Python file is no configuration, since reading it would run it; write the same keys as YAML or JSON, or "
        "call adaseq.train with a dict from a program of yours"
    )


def test_the_demo_comes_with_the_package_unless_there_is_one(folder: Path) -> None:
    assert find_config("demo.yaml").parent.name == "demo"
    assert load_config("demo.yaml").experiment.exp_name == "demo"
    (folder / "demo.yaml").touch()
    assert find_config("demo.yaml") == Path("demo.yaml")


def test_errors_can_be_sent_to_another_process() -> None:
    error = ConfigError([Problem("a.b", "c.yaml", 1, 2, "is wrong")])
    copy = pickle.loads(pickle.dumps(error))
    assert str(copy) == str(error) == "1 problem in the configuration:\nc.yaml:1:2: a.b: is wrong"
    assert copy.problems == error.problems
