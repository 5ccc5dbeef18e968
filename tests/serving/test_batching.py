"""The queue: bounded, shared, and no request spoils or outlives another."""

from __future__ import annotations

import threading
import time
from concurrent.futures import CancelledError
from typing import Any

import pytest

from adaseq.inference.least_probability import Threshold
from adaseq.serving.batching import Batcher, Job
from adaseq.serving.limits import Refusal
from tests.serving.fakes import FakePredictor

LATER = 60.0


def job(*texts: str, seconds: float = LATER) -> Job:
    """Work."""
    return Job(list(texts), Threshold(None, ["NAME"]), time.monotonic() + seconds)


@pytest.fixture
def predictor() -> FakePredictor:
    return FakePredictor()


def make(predictor: FakePredictor, **options: Any) -> Batcher:
    """A queue whose thread is busy with a first text until the gate is opened."""
    batcher = Batcher(predictor, **options)  # type: ignore[arg-type]
    predictor.gate.clear()
    batcher.submit(job("First"))
    assert predictor.has_begun.wait(30)
    return batcher


def test_what_waits_is_predicted_together_in_order(predictor: FakePredictor) -> None:
    batcher = make(predictor)
    futures = [batcher.submit(job(f"A{i}", f"B{i}")) for i in range(5)]
    predictor.gate.set()
    spans = [[each["output"][0]["span"] for each in future.result(30)] for future in futures]
    assert spans == [[f"A{i}", f"B{i}"] for i in range(5)]
    batcher.close()
    assert predictor.batches == [1, 10]


def test_what_is_answered_has_been_counted(predictor: FakePredictor) -> None:
    seen: list[tuple[int, int]] = []

    def observe(texts: int, words: int, seconds: float) -> None:
        time.sleep(0.1)
        seen.append((texts, words))

    batcher = Batcher(predictor, observe=observe)  # type: ignore[arg-type]
    batcher.submit(job("Mary", "in Rome")).result(30)
    assert seen == [(2, 3)]
    batcher.close()


def test_batches_have_a_size(predictor: FakePredictor) -> None:
    batcher = make(predictor, max_batch_words=4)
    futures = [batcher.submit(job("one")) for _ in range(6)]
    predictor.gate.set()
    for future in futures:
        future.result(30)
    batcher.close()
    assert predictor.batches == [1, 2, 2, 2]


def test_short_texts_are_answered_first_in_groups(predictor: FakePredictor) -> None:
    batcher = make(predictor)
    long = batcher.submit(job("word " * 600))
    short = [batcher.submit(job("a b c")) for _ in range(3)]
    predictor.gate.set()
    for future in (*short, long):
        future.result(30)
    batcher.close()
    assert predictor.batches == [1, 3, 1]


def test_after_a_while_without_work_there_is_time_to_tidy_up(predictor: FakePredictor) -> None:
    tidied = threading.Event()
    batcher = Batcher(predictor, on_idle=tidied.set, idle=0.01)
    batcher.submit(job("First")).result(30)
    assert tidied.wait(30)
    batcher.close()


def test_requests_that_nobody_waits_for_are_followed_by_rest_too(predictor: FakePredictor) -> None:
    tidied = threading.Event()
    batcher = Batcher(predictor, on_idle=tidied.set, idle=0.2)
    batcher.submit(job("First")).result(30)
    batcher.submit(job("gone", seconds=-1.0))
    assert tidied.wait(30)
    batcher.close()


def test_the_queue_is_bounded(predictor: FakePredictor) -> None:
    batcher = make(predictor, max_waiting_texts=3)
    kept = batcher.submit(job("a", "b"))
    with pytest.raises(Refusal) as caught:
        batcher.submit(job("c", "d"))
    assert (caught.value.status, caught.value.code) == (503, "busy")
    batcher.submit(job("c"))
    predictor.gate.set()
    assert len(kept.result(30)) == 2
    batcher.close()
    assert batcher.waiting == 0


def test_a_request_that_was_given_up_costs_nothing(predictor: FakePredictor) -> None:
    batcher = make(predictor)
    given_up, too_late, kept = batcher.submit(job("A")), batcher.submit(job("B", seconds=-1)), batcher.submit(job("C"))
    assert given_up.cancel()
    predictor.gate.set()
    assert len(kept.result(30)) == 1
    with pytest.raises(CancelledError):
        too_late.result(30)
    batcher.close()
    assert predictor.batches == [1, 1]


def test_a_bad_text_spoils_no_other_request(predictor: FakePredictor) -> None:
    batcher = make(predictor)
    bad, poison, kept = batcher.submit(job("fine", "bad")), batcher.submit(job("poison")), batcher.submit(job("Good"))
    predictor.gate.set()
    assert kept.result(30)[0]["output"][0]["span"] == "Good"
    with pytest.raises(Refusal) as caught:
        bad.result(30)
    assert (caught.value.status, caught.value.index, str(caught.value)) == (422, 1, "this text is bad")
    with pytest.raises(ZeroDivisionError):
        poison.result(30)
    after = batcher.submit(job("Still"))
    assert len(after.result(30)) == 1
    batcher.close()


def test_a_text_that_cannot_be_cut_spoils_no_other_request(predictor: FakePredictor) -> None:
    batcher = make(predictor)
    before, odd, after = (batcher.submit(job(text)) for text in ("Before", "unsplittable", "After"))
    predictor.gate.set()
    assert before.result(30)[0]["output"] and after.result(30)[0]["output"]
    with pytest.raises(ZeroDivisionError):
        odd.result(30)
    assert batcher.submit(job("Later")).result(30)[0]["output"]
    batcher.close()


def test_what_waits_is_answered_before_the_end(predictor: FakePredictor) -> None:
    batcher = make(predictor)
    futures = [batcher.submit(job("Last")) for _ in range(3)]
    predictor.gate.set()
    batcher.close()
    assert all(future.done() and future.result() for future in futures)
    with pytest.raises(Refusal, match="the server stops"):
        batcher.submit(job("late"))
