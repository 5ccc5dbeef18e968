"""`adaseq publish`; what it does on a hub is tested in tests/hub."""

from __future__ import annotations

import argparse
from pathlib import Path

import pytest

from adaseq.commands import publish
from adaseq.commands.main import main


def test_mistakes_of_users_are_told_without_a_traceback(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["publish", "-m", str(tmp_path), "--to", "modelscope:me/tagger", "--dry-run"]) == 2
    assert capsys.readouterr().err == f"error: '{tmp_path}' is not a model folder: it has no configuration.json\n"
    assert main(["publish", "-m", str(tmp_path), "--to", "hub:me/tagger"]) == 2
    assert "there is no hub 'hub'" in capsys.readouterr().err


def test_a_model_is_private_or_public(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["publish", "-m", "x", "--to", "modelscope:me/tagger", "--private", "--public"]) == 2
    assert "not allowed with argument --private" in capsys.readouterr().err


def test_no_flag_takes_a_token() -> None:
    parser = argparse.ArgumentParser()
    publish.add_arguments(parser)
    assert not [flag for action in parser._actions for flag in action.option_strings if "token" in flag]


def test_the_risk_of_the_loader_stands_in_the_help(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["publish", "--help"]) == 0
    shown = " ".join(capsys.readouterr().out.split())
    assert "It is run by whoever trusts the code of the repository, and whoever can write there can change it" in shown
