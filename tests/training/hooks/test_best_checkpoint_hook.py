"""The best weights: which, where, and back."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch

from adaseq.errors import AdaSeqError
from adaseq.training.hooks.best_checkpoint_hook import BestCkptSaverHook


def run(hook: BestCkptSaverHook, trainer: Any, scores: list[float], key: str = "f1") -> None:
    hook.before_run(trainer)
    for score in scores:
        trainer.step(hook)
        trainer.evaluate(hook, **{key: score})
        trainer.end_epoch(hook)
    hook.after_run(trainer)


def saved(path: Path) -> float:
    return float(torch.load(path, weights_only=True)["weight"])


@pytest.mark.parametrize(
    ("rule", "scores", "best"),
    [
        ("max", [0.1, 0.5, 0.5, 0.3], 2),
        ("min", [0.5, 0.1, 0.1, 0.3], 2),
        ("max", [0.0, float("nan"), 0.0], 1),
        ("max", [float("nan"), -1.0], 2),
    ],
)
def test_strictly_better_scores_win(trainer: Any, tmp_path: Path, rule: Any, scores: list[float], best: int) -> None:
    hook = BestCkptSaverHook(rule=rule)
    run(hook, trainer, scores)
    assert hook.best_epoch == best and hook.best_score == scores[best - 1]
    assert saved(tmp_path / "best_model.pth") == best == trainer.weight
    assert (tmp_path / "output_best" / "weight").read_text() == f"{best}.0"


def test_names_and_restoring_can_be_chosen(trainer: Any, tmp_path: Path) -> None:
    hook = BestCkptSaverHook(
        "acc", save_file_name="top.pth", restore_best=False, output_sub_dir="top", save_optimizer=True
    )
    run(hook, trainer, [0.9, 0.1], key="acc")
    assert trainer.weight == 2.0 and saved(tmp_path / "top.pth") == 1.0
    assert sorted(path.name for path in tmp_path.iterdir()) == ["top", "top.pth", "top_optimizer.pth"]


def test_overtaken_weights_can_be_kept(trainer: Any, tmp_path: Path) -> None:
    hook = BestCkptSaverHook(max_checkpoint_num=2)
    run(hook, trainer, [0.1, 0.2, 0.15, 0.3])
    names = ["best_model.pth", "best_model_epoch2_f10.20000.pth", "output_best"]
    assert sorted(path.name for path in tmp_path.iterdir()) == names
    assert [saved(path) for path in hook.kept_files()] == [4.0, 2.0]


def test_scores_of_one_corpus_and_folders_have_names_too(trainer: Any, tmp_path: Path) -> None:
    hook = BestCkptSaverHook("news/f1", save_file_name="weights/top.pth", max_checkpoint_num=2)
    (tmp_path / "weights").mkdir()
    run(hook, trainer, [0.1, 0.2], key="news/f1")
    assert sorted(path.name for path in (tmp_path / "weights").iterdir()) == [
        "top.pth",
        "top_epoch1_news-f10.10000.pth",
    ]
    assert [saved(path) for path in hook.kept_files()] == [2.0, 1.0]


def test_scores_that_look_alike_do_not_cost_weights(trainer: Any) -> None:
    hook = BestCkptSaverHook(max_checkpoint_num=3)
    hook.before_run(trainer)
    for score in (0.1, 0.2000001, 0.2000002, 0.3):  # the second and the third have one name: all are of one epoch
        trainer.step(hook)
        trainer.evaluate(hook, f1=score)
    assert [saved(path) for path in hook.kept_files()] == [4.0, 1.0, 3.0]


def test_the_test_does_not_choose(trainer: Any, tmp_path: Path) -> None:
    hook = BestCkptSaverHook()
    hook.before_run(trainer)
    trainer.evaluate(hook, mode="test", f1=1.0)
    assert hook.best_score is None and list(tmp_path.iterdir()) == []


def test_without_an_evaluation_the_last_weights_are_the_best(trainer: Any, tmp_path: Path) -> None:
    hook = BestCkptSaverHook()
    hook.before_run(trainer)
    trainer.step(hook)
    hook.after_run(trainer)
    assert saved(tmp_path / "best_model.pth") == 1.0 and (tmp_path / "output_best").is_dir()


def test_a_saved_state_goes_on(trainer: Any) -> None:
    hook, other = BestCkptSaverHook(), BestCkptSaverHook()
    run(hook, trainer, [0.1, 0.7])
    other.load_state_dict(hook.state_dict())
    assert (other.best_score, other.best_scores, other.best_epoch) == (0.7, {"f1": 0.7}, 2)


def test_a_resumed_run_ends_with_the_model_folder_of_its_best_weights(trainer: Any, tmp_path: Path) -> None:
    """A folder that a lost epoch has written after the checkpoint is put right."""
    hook, other = BestCkptSaverHook(), BestCkptSaverHook()
    run(hook, trainer, [0.7])
    (tmp_path / "output_best" / "weight").write_text("of a lost epoch")
    other.load_state_dict(hook.state_dict())
    run(other, trainer, [0.6])
    assert (tmp_path / "output_best" / "weight").read_text() == "1.0"


def test_a_score_that_nobody_gives_is_named(trainer: Any) -> None:
    hook = BestCkptSaverHook("f-1")
    with pytest.raises(AdaSeqError) as error:
        trainer.evaluate(hook, f1=1.0, precision=0.5)
    assert str(error.value) == (
        "BestCkptSaverHook watches the score 'f-1', which no metric gives; did you mean 'f1'? there are: f1, precision."
    )


def test_at_least_one_is_kept() -> None:
    with pytest.raises(AdaSeqError, match="max_checkpoint_num is 0; it must be at least 1"):
        BestCkptSaverHook(max_checkpoint_num=0)
