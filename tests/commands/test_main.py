"""The command `adaseq` itself."""

from __future__ import annotations

import io
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType, SimpleNamespace

import pytest

from adaseq.commands import main as main_module
from adaseq.commands.main import main, verbs
from adaseq.errors import AdaSeqError, DataError
from adaseq.version import __version__

ROOT = Path(__file__).resolve().parents[2]
HEAVY = "{'torch', 'transformers', 'accelerate', 'pyarrow', 'datasets', 'modelscope', 'pydantic'}"


def python(*arguments: str, cwd: Path = ROOT) -> subprocess.CompletedProcess[str]:
    environ = {**os.environ, "PYTHONPATH": str(ROOT)}
    return subprocess.run(
        [sys.executable, *arguments], cwd=cwd, env=environ, capture_output=True, encoding="utf-8", check=False
    )


@pytest.fixture
def verb(monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[[], int]], list[str]]:
    """Makes a verb that does what a function does; returns the arguments that call it."""

    def make(action: Callable[[], int]) -> list[str]:
        module = ModuleType("adaseq.commands.fake")
        module.__dict__.update(
            add_arguments=lambda parser: parser.add_argument("--n", type=int), run=lambda args: action()
        )
        monkeypatch.setitem(sys.modules, "adaseq.commands.fake", module)
        monkeypatch.setattr(main_module, "verbs", lambda: {"fake": "does as it is told"})
        return ["fake"]

    return make


def fail(error: BaseException) -> Callable[[], int]:
    def action() -> int:
        raise error

    return action


def test_help_lists_every_verb(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--help"]) == 0
    text = capsys.readouterr().out
    assert {"train", "test", "predict", "check", "schema", "init"} <= verbs().keys()
    for name, line in verbs().items():
        assert name in text and line.split()[0] in text


def test_version(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--version"]) == 0
    assert capsys.readouterr().out == f"adaseq {__version__}\n"


def test_without_a_verb_it_shows_the_help(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([]) == 2
    assert "usage: adaseq" in capsys.readouterr().out


def test_a_misspelt_verb(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["trian"]) == 2
    known = ", ".join(verbs())
    assert capsys.readouterr().err.endswith(f"error: there is no verb 'trian'; did you mean 'train'? known: {known}\n")


def test_a_misspelt_flag_of_a_verb(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", "-c", "x.yaml", "--schemaonly"]) == 2
    captured = capsys.readouterr().err
    assert captured.startswith("usage: adaseq check ")
    assert captured.endswith("error: unrecognized arguments: --schemaonly; did you mean '--schema-only'?\n")


def test_what_a_verb_does_not_take(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["schema", "data.txt"]) == 2
    captured = capsys.readouterr().err
    assert captured.startswith("usage: adaseq schema ") and captured.endswith(
        "error: unrecognized arguments: data.txt\n"
    )


@pytest.mark.parametrize("name", verbs())
def test_each_verb_explains_itself(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([name, "--help"]) == 0
    assert capsys.readouterr().out.startswith(f"usage: adaseq {name}")


def test_help_and_arguments_import_nothing_heavy() -> None:
    code = f"""
import sys
from adaseq.commands.main import main, verbs
for arguments in (["--help"], ["--version"], *([name, "--help"] for name in verbs())):
    main(arguments)
    found = sorted({HEAVY} & sys.modules.keys())
    assert not found, (arguments, found)
"""
    result = python("-c", code)
    assert result.returncode == 0, result.stderr


@pytest.mark.parametrize(
    ("error", "status", "message"),
    [
        (AdaSeqError("this is wrong"), 2, "error: this is wrong\n"),
        (DataError("two columns are needed", "train.txt", 3), 2, "error: train.txt:3: two columns are needed\n"),
        (KeyboardInterrupt(), 130, "interrupted\n"),
        (
            type("Stopped", (KeyboardInterrupt,), {"exit_status": 143})("stopped by SIGTERM"),
            143,
            "stopped by SIGTERM\n",
        ),
        (BrokenPipeError(), 0, ""),
    ],
    ids=["mistake", "data", "interrupt", "signal", "pipe"],
)
def test_exit_codes(
    verb: Callable[[Callable[[], int]], list[str]],
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    error: BaseException,
    status: int,
    message: str,
) -> None:
    monkeypatch.setattr(main_module, "sys", SimpleNamespace(stderr=sys.stderr, argv=sys.argv, stdout=None))
    assert main(verb(fail(error))) == status
    assert capsys.readouterr().err == message


def test_a_fault_of_ours_keeps_its_traceback(verb: Callable[[Callable[[], int]], list[str]]) -> None:
    with pytest.raises(ZeroDivisionError):
        main(verb(fail(ZeroDivisionError())))


def test_the_status_of_a_verb_is_that_of_the_program(verb: Callable[[Callable[[], int]], list[str]]) -> None:
    assert main(verb(lambda: 0)) == 0 and main(verb(lambda: 5)) == 5


def test_python_m_adaseq(tmp_path: Path) -> None:
    result = python("-m", "adaseq", "check", "-c", "no.yaml", cwd=tmp_path)
    assert (result.returncode, result.stdout) == (2, "")
    assert result.stderr == "error: 1 problem in the configuration:\nno.yaml: there is no such file\n"


def test_the_package_offers_train_test_and_load() -> None:
    code = (
        "import sys, adaseq\nassert 'torch' not in sys.modules\n"
        "print(adaseq.__version__, sorted(adaseq.__all__), adaseq.train.__name__, adaseq.test.__name__, adaseq.load.__name__)\n"
        "assert set(adaseq.__all__) <= set(dir(adaseq))\n"
        "try:\n    adaseq.trian\nexcept AttributeError as error:\n    print(error)\n"
    )
    result = python("-c", code)
    assert result.stdout == (
        f"{__version__} ['Dictionary', '__version__', 'load', 'test', 'train'] train_model test_model load\n"
        "module 'adaseq' has no attribute 'trian'\n"
    ), result.stderr


def test_modules_without_a_help_line_are_no_verbs(tmp_path: Path) -> None:
    assert "main" not in verbs() and "__init__" not in verbs()
    module = tmp_path / "helper.py"
    module.write_text('"""No verb."""\nVALUE = 3\n', encoding="utf-8")
    assert main_module._help_of(module) == ""


def test_a_verb_may_be_written_with_hyphens(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["grid-search", "--help"]) == 0
    assert capsys.readouterr().out.startswith("usage: adaseq grid_search")


def test_a_terminal_that_knows_few_characters(monkeypatch: pytest.MonkeyPatch) -> None:
    shown = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(shown, encoding="latin-1"))
    assert main(["inspect", "--help"]) == 0
    sys.stdout.flush()
    assert b"json_spans, \\u2026" in shown.getvalue()
