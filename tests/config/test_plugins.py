"""Components of the user's own."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from adaseq import registry
from adaseq.config import Config, ConfigError, load_config
from adaseq.config.pairing import PARTNERS, Partners, partners_of
from adaseq.registry import MODELS, Registry
from tests.config.conftest import MINIMAL

Load = Callable[..., Config]
Problems = Callable[..., list[str]]

OWN = "A class of your own is named as 'module:Class', or registered in a module listed under 'plugins:'."
PLUGIN = """\
from adaseq.config.pairing import Partners
from adaseq.data.formats.base import Format
from adaseq.metrics.base import Metric
from adaseq.models.sequence_labeling import SequenceLabelingModel
from adaseq.registry import FORMATS, METRICS, MODELS
from adaseq.training.hooks.base import Hook


@FORMATS.register("spoken")
class Spoken(Format):
    def __init__(self, accent: str = "none", encoding: str = "utf-8") -> None:
        super().__init__(encoding)

    def _examples(self, path):
        yield from ()


@METRICS.register("luck")
class Luck(Metric):
    def __init__(self, dice: int = 1) -> None: ...

    def measure(self, example, prediction): ...

    def compute(self, results):
        return {"luck": 1.0}


@MODELS.register("my-tagger", supplied=("tag_scheme",), supplied_unless_given=("id_to_label",))
class MyTagger(SequenceLabelingModel):
    pass


class MyHook(Hook):
    def __init__(self, often: int) -> None: ...
"""
USE = """\
model: {type: my-tagger, embedder: {type: embedding}}
train: {hooks: [{type: 'my_plugin:MyHook', often: 3}]}
evaluation: {metrics: luck}
plugins: [my_plugin]
"""
WITHOUT_MODEL = {"model:\n  embedder: {type: embedding, embedding_dim: 10}\n": "", "conll": "spoken\n  accent: cockney"}


@pytest.fixture(autouse=True)
def clean() -> Iterator[None]:
    """What a test registers and imports is gone after it."""
    before = [(each, dict(each._classes)) for each in Registry.instances]
    path = list(sys.path)
    yield
    for each, classes in before:
        ours = {name: found for name, found in each._classes.items() if found.__module__.startswith("adaseq.")}
        each._classes = {**ours, **classes}
    sys.path[:] = path
    for name in ("my_plugin", "broken_plugin"):
        sys.modules.pop(name, None)


def test_plugins_register_components_of_every_kind(load: Load, folder: Path) -> None:
    (folder / "my_plugin.py").write_text(PLUGIN, encoding="utf-8")
    config = load(USE, replace=WITHOUT_MODEL)
    assert config.model["type"] == "my-tagger" and config.dataset["accent"] == "cockney"
    assert config.preprocessor["type"] == "sequence-labeling-preprocessor"
    assert config.train.hooks[-1] == {"type": "my_plugin:MyHook", "often": 3}
    assert config.evaluation is not None and [each["type"] for each in config.evaluation.metrics] == [
        "luck",
        "ner-dumper",
    ]
    assert config.plugins == ["my_plugin"]


def test_their_arguments_are_checked_like_any_others(problems: Problems, folder: Path) -> None:
    (folder / "my_plugin.py").write_text(PLUGIN, encoding="utf-8")
    text = USE.replace("metrics: luck", "metrics: {type: luck, dise: 2}").replace("often: 3", "often: x")
    assert problems(text, replace=WITHOUT_MODEL) == [
        "c.yaml:7:51: train.hooks.0.often: received 'x'; expected a whole number",
        "c.yaml:8:36: evaluation.metrics.dise: unknown key 'dise'; did you mean 'dice'? allowed here: dice",
    ]


def test_modules_named_on_the_command_line(load: Load, folder: Path) -> None:
    (folder / "my_plugin.py").write_text(PLUGIN, encoding="utf-8")
    config = load("evaluation: {metrics: luck}\n", imports=["my_plugin"])
    assert config.plugins == ["my_plugin"]


@pytest.mark.parametrize("plugins", ["3", "{a: 1}", "true"])
def test_they_hide_nothing_that_is_wrong(problems: Problems, plugins: str) -> None:
    assert "expected a list" in problems(f"plugins: {plugins}\n", imports=["my_plugin"])[0]


@pytest.mark.parametrize(
    ("plugins", "content", "message"),
    [
        (
            "[json, broken_plugin]",
            None,
            (
                "c.yaml:7:17: plugins.1: there is no such module; it must be installed, or lie in the working directory or beside "
                "the configuration"
            ),
        ),
        (
            "[broken_plugin]",
            "import no_such_thing\n",
            (
                "c.yaml:7:11: plugins.0: importing 'broken_plugin' failed: ModuleNotFoundError: No module named 'no_such_thing' "
                "({folder}/broken_plugin.py:1)"
            ),
        ),
        (
            "[broken_plugin]",
            "\nx =\n",
            "c.yaml:7:11: plugins.0: importing 'broken_plugin' failed: SyntaxError: invalid syntax ({folder}/broken_plugin.py:2)",
        ),
        (
            "[broken_plugin]",
            "\n1 / 0\n",
            (
                "c.yaml:7:11: plugins.0: importing 'broken_plugin' failed: ZeroDivisionError: division by zero "
                "({folder}/broken_plugin.py:2)"
            ),
        ),
    ],
)
def test_a_plugin_that_cannot_be_imported(
    problems: Problems, folder: Path, plugins: str, content: str | None, message: str
) -> None:
    if content is not None:
        (folder / "broken_plugin.py").write_text(content, encoding="utf-8")
    assert problems(f"plugins: {plugins}\n") == [message.format(folder=folder)]


def test_no_plugin_is_imported_before_the_sections_are_right(problems: Problems, folder: Path) -> None:
    (folder / "broken_plugin.py").write_text("raise SystemExit('imported')\n", encoding="utf-8")
    found = problems("plugins: broken_plugin\nevaluation: {metrics: luck}\ntrain: {max_epochs: 0}\n")
    assert found == ["c.yaml:9:21: train.max_epochs: received 0; expected at least 1"]


def test_plugins_of_installed_packages(load: Load, monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    def register() -> None:
        tagger = type("Installed", (MODELS.get("sequence-labeling-model"),), {})
        MODELS.register("installed-tagger", supplied=("tag_scheme",), supplied_unless_given=("id_to_label",))(tagger)

    def fail() -> None:
        raise ValueError("it is broken")

    point = SimpleNamespace(
        name="theirs", value="theirs:plugin", load=register, dist=SimpleNamespace(name="their-package")
    )
    monkeypatch.setattr(registry, "installed_plugins", lambda: [point])
    monkeypatch.setattr("adaseq.config.checks.installed_plugins", lambda: [point])
    _forget_installed()
    replace = {"model:\n": "model:\n  type: installed-tagger\n"}
    assert load(replace=replace).model["type"] == "installed-tagger"
    point.load = fail
    _forget_installed()
    with pytest.raises(
        ConfigError, match="the installed plugin 'theirs' .* cannot be imported: ValueError: it is broken"
    ):
        load(replace=replace)
    _forget_installed()


def _forget_installed() -> None:
    """They are imported once for a process."""
    for function in (registry.import_installed_plugins, registry.installed_plugins):
        getattr(function, "cache_clear", lambda: None)()


def test_partners_of_a_model_of_ones_own() -> None:
    partners = Partners("p", "c", ("m",), {"type": "d"})
    ours = PARTNERS["sequence-labeling-model"]
    assert partners_of("mine", type("Mine", (), {"partners": partners}), "chunking") is partners
    assert partners_of("mine", type("Mine", (), {}), "chunking") is ours
    assert partners_of("sequence-labeling-model", None, "chunking") is ours


def test_components_that_do_not_fit_together(problems: Problems, monkeypatch: pytest.MonkeyPatch) -> None:
    other: dict[str, Any] = {**PARTNERS, "other": Partners("other-preprocessor", "OtherCollator", (), {})}
    monkeypatch.setattr("adaseq.config.completion.PARTNERS", other)
    monkeypatch.setattr("adaseq.config.checks.installed_plugins", lambda: [None])
    assert problems("preprocessor: other-preprocessor\ndata_collator: {type: OtherCollator}\n") == [
        (
            "c.yaml:7:15: preprocessor: received 'other-preprocessor', which does not fit the model "
            "'sequence-labeling-model'; it works with 'sequence-labeling-preprocessor'"
        ),
        (
            "c.yaml:8:23: data_collator.type: received 'OtherCollator', which does not fit the model 'sequence-labeling-model'; "
            "it works with 'SequenceLabelingDataCollatorWithPadding'"
        ),
    ]


def test_the_saved_configuration_finds_them_from_anywhere(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / "sub").mkdir()
    (folder / "sub" / "my_plugin.py").write_text(PLUGIN, encoding="utf-8")
    text = MINIMAL + "train: {hooks: [{type: 'my_plugin:MyHook', often: 3}]}\n"
    (folder / "sub" / "c.yaml").write_text(text, encoding="utf-8")
    config = load_config("sub/c.yaml")
    assert config.plugin_dirs == [str(folder / "sub")]
    config.save("run/config.yaml")
    clean_path = [each for each in sys.path if each != str(folder / "sub")]
    monkeypatch.setattr(sys, "path", clean_path)
    del sys.modules["my_plugin"]
    monkeypatch.chdir("/")
    assert load_config(folder / "run" / "config.yaml").to_dict() == config.to_dict()


def test_folders_of_plugins_can_be_named(load: Load, problems: Problems, folder: Path) -> None:
    (folder / "sub").mkdir()
    (folder / "sub" / "my_plugin.py").write_text(PLUGIN, encoding="utf-8")
    (folder / "more").mkdir()
    config = load("evaluation: {metrics: luck}\nplugins: my_plugin\nplugin_dirs: [sub, more]\n")
    assert config.plugin_dirs == [str(folder / "sub"), str(folder / "more")]
    assert problems("plugin_dirs: [sup]\n") == [
        f"c.yaml:7:15: plugin_dirs.0: there is no file or folder 'sup' in '{folder}'; did you mean 'sub'?"
    ]


@pytest.mark.parametrize(
    ("name", "meant"),
    [("my_plugin.py", ": 'my_plugin'"), ("./sub/my_plugin", ": 'my_plugin'"), ("my plugin", ""), ("", ""), (".a", "")],
)
def test_a_plugin_is_named_as_a_module(problems: Problems, name: str, meant: str) -> None:
    assert problems(f"plugins: ['{name}']\n") == [
        (
            f"c.yaml:7:11: plugins.0: received '{name}'; expected a module as Python imports it{meant}. Its folder, if it is neither "
            "the working directory nor that of the configuration, stands under 'plugin_dirs:'"
        )
    ]


def test_a_plugin_cannot_end_the_program(problems: Problems, folder: Path) -> None:
    (folder / "broken_plugin.py").write_text("raise SystemExit(0)\n", encoding="utf-8")
    failure = f"importing 'broken_plugin' failed: SystemExit: 0 ({folder}/broken_plugin.py:1)"
    assert problems("plugins: [broken_plugin]\n") == [f"c.yaml:7:11: plugins.0: {failure}"]
    assert problems("evaluation: {metrics: 'broken_plugin:Metric'}\n") == [
        f"c.yaml:7:14: evaluation.metrics.type: {failure}"
    ]


def test_a_plugin_that_another_module_hides(load: Load, folder: Path) -> None:
    (folder / "colorsys.py").touch()
    warning = str(load("plugins: [colorsys]\n").warnings[0])
    assert warning.startswith("c.yaml:7:11: plugins.0: 'colorsys' is the module in ")
    assert warning.endswith(f", which hides that in {folder}; give yours another name")


@pytest.mark.parametrize("name", ["LSTMEncoder", "Mine"])
def test_a_name_of_ours_is_taken(folder: Path, name: str) -> None:
    """In a process of its own: here ours is registered already."""
    (folder / "my_plugin.py").write_text(
        f"from adaseq.registry import ENCODERS\n\n\n@ENCODERS.register('lstm')\nclass {name}: ...\n", encoding="utf-8"
    )
    encoder = MINIMAL.replace("model:\n", "model:\n  encoder: {type: lstm, hidden_size: 4}\n")
    (folder / "c.yaml").write_text(f"{encoder}plugins: [my_plugin]\n", encoding="utf-8")
    command = [sys.executable, "-m", "adaseq", "check", "-c", "c.yaml"]
    result = subprocess.run(command, capture_output=True, encoding="utf-8", check=False)
    assert result.returncode == 2 and "Traceback" not in result.stderr
    assert "two classes are registered as encoder 'lstm': " in result.stderr
    assert f"my_plugin:{name}" in result.stderr and "adaseq.modules.encoders.recurrent:LSTMEncoder" in result.stderr
