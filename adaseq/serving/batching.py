"""Requests that come at the same time share batches: a bounded queue, and threads that predict what is in it together."""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from typing import Any

from adaseq.data.example import Example
from adaseq.errors import AdaSeqError
from adaseq.inference import results
from adaseq.inference.least_probability import Threshold
from adaseq.inference.text_predictor import TextPredictor
from adaseq.serving.limits import Refusal, busy

logger = logging.getLogger(__name__)

Observe = Callable[[int, int, float], None]

# What is enough work for the network at once. Of what waits, the shortest texts are predicted and answered first, so many words
# at a time: texts of similar length share a batch, and clients that have their answers send the next requests meanwhile.
_WORDS_AT_ONCE = 512


class Job:
    """The texts of one request.

    Args:
        inputs: what a predictor takes.
        threshold: how probable something must be to be told.
        deadline: the moment from which on nobody waits for the answer any more, by `time.monotonic`.
    """

    __slots__ = ("deadline", "examples", "future", "inputs", "threshold")

    def __init__(self, inputs: Sequence[Any], threshold: Threshold, deadline: float) -> None:
        self.inputs, self.threshold, self.deadline = inputs, threshold, deadline
        self.examples: list[Example] = []
        self.future: Future[list[dict[str, Any]]] = Future()

    @property
    def words(self) -> int:
        """How much work it is: words and mentions, and one for each text."""
        return sum(len(example.tokens) + len(example.spans) + 1 for example in self.examples)

    def is_wanted(self) -> bool:
        """Whether somebody still waits, from now on without giving up in between."""
        if time.monotonic() > self.deadline:
            self.future.cancel()
        return self.future.set_running_or_notify_cancel()


class Batcher:
    """Predicts for many requests at once.

    Args:
        predictor: the model.
        max_batch_words: requests are put together up to so many words.
        max_wait: how many seconds the first request waits for others.
        max_waiting_texts: how many texts may wait; what comes then is refused.
        workers: how many batches are predicted at the same time.
        observe: is told of each batch: texts, words, seconds.
        on_idle: is called when nothing has come for `idle` seconds since the last batch.
        idle: seconds.
    """

    def __init__(
        self,
        predictor: TextPredictor,
        *,
        max_batch_words: int = 4096,
        max_wait: float = 0.002,
        max_waiting_texts: int = 8192,
        workers: int = 1,
        observe: Observe = lambda texts, words, seconds: None,
        on_idle: Callable[[], None] = lambda: None,
        idle: float = 2.0,
    ) -> None:
        self._predictor, self._observe, self._on_idle = predictor, observe, on_idle
        self._max_words, self._max_wait, self._max_waiting = max_batch_words, max_wait, max_waiting_texts
        self._idle = idle
        self._jobs: deque[Job] = deque()
        self._waiting = 0
        self._changed = threading.Condition()
        self._is_closed = False
        self._workers = [threading.Thread(target=self._run, name=f"predict-{i}", daemon=True) for i in range(workers)]
        for thread in self._workers:
            thread.start()

    @property
    def waiting(self) -> int:
        """How many texts wait."""
        return self._waiting

    def submit(self, job: Job) -> Future[list[dict[str, Any]]]:
        """Put the texts of a request into the queue. A future that is cancelled before its batch begins costs nothing.

        Raises:
            Refusal: too many texts wait, or the server stops.
        """
        with self._changed:
            if self._is_closed:
                raise Refusal(503, "not_ready", "the server stops", retry_after=5)
            if self._waiting and self._waiting + len(job.inputs) > self._max_waiting:
                raise busy()
            self._jobs.append(job)
            self._waiting += len(job.inputs)
            self._changed.notify()
        return job.future

    def close(self) -> None:
        """Predict what waits, and take nothing more."""
        with self._changed:
            self._is_closed = True
            self._changed.notify_all()
        for thread in self._workers:
            thread.join()

    def _run(self) -> None:
        while (jobs := self._next_jobs()) is not None:
            for together in _in_groups(jobs):
                try:
                    self._predict(together)
                except BaseException as error:  # a request must never wait for a thread that is gone
                    logger.exception("a batch could not be predicted")
                    for job in together:
                        if not job.future.done():
                            job.future.set_exception(error)
            self._rest()

    def _rest(self) -> None:
        """Tidy up if nothing comes for a while."""
        with self._changed:
            has_more = self._changed.wait_for(lambda: self._jobs or self._is_closed, self._idle)
        if not has_more:
            self._on_idle()

    def _next_jobs(self) -> list[Job] | None:
        """What is predicted together next, perhaps nothing; None if the server stops and nothing waits any more."""
        jobs: list[Job] = []
        words, until = 0, 0.0
        while words < self._max_words:
            job = self._take(until if jobs else None)
            if job is None:
                break
            if not job.is_wanted() or not self._prepare(job):
                if jobs or self._jobs:
                    continue
                break  # to rest
            until = until if jobs else time.monotonic() + self._max_wait
            jobs.append(job)
            words += job.words
        return jobs if jobs or not self._is_closed or self._jobs else None

    def _take(self, until: float | None) -> Job | None:
        """The next job; None if there was none until some moment, or if the server stops."""
        with self._changed:
            while not self._jobs:
                left = None if until is None else until - time.monotonic()
                if self._is_closed or (left is not None and left <= 0):
                    return None
                self._changed.wait(left)
            job = self._jobs.popleft()
            self._waiting -= len(job.inputs)
            return job

    def _prepare(self, job: Job) -> bool:
        """Cut texts into words; False if one of them cannot be."""
        for index, given in enumerate(job.inputs):
            try:
                job.examples.append(self._predictor.example(given))
            except AdaSeqError as error:
                job.future.set_exception(Refusal(422, "invalid_input", str(error), index=index))
                return False
            except Exception as error:  # such as that of a splitter of the user's
                logger.exception("a text could not be cut into words")
                job.future.set_exception(error)
                return False
        return True

    def _predict(self, jobs: Sequence[Job]) -> None:
        begin = time.perf_counter()
        examples = [example for job in jobs for example in job.examples]
        try:
            predicted = iter(list(self._predictor.predict(examples)))
        except Exception:
            if len(jobs) == 1:
                raise
            # One request must not spoil the others.
            for job in jobs:
                try:
                    self._predict([job])
                except Exception as error:
                    logger.exception("a request could not be predicted")
                    job.future.set_exception(error)
            return
        # Before anybody has an answer, so that who has one finds it counted.
        self._observe(len(examples), sum(len(example.tokens) for example in examples), time.perf_counter() - begin)
        for job in jobs:
            told = []
            for _ in job.examples:
                example, prediction = next(predicted)
                if not job.threshold.is_open:
                    prediction = results.above(prediction, job.threshold)
                told.append(dict(self._predictor.result(example, prediction)))
            job.future.set_result(told)


def _in_groups(jobs: Sequence[Job]) -> Iterator[list[Job]]:
    """Jobs from short to long, so many words together as are enough work, or a single longer one."""
    group: list[Job] = []
    words = 0
    for job in sorted(jobs, key=lambda job: job.words):
        if group and words + job.words > _WORDS_AT_ONCE:
            yield group
            group, words = [], 0
        group.append(job)
        words += job.words
    if group:
        yield group
