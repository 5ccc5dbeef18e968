"""Which examples go into which batch: a pure function of seed, epoch and position."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt

# Batches are sorted by length within pools of this many batches, so that padding is small and order stays random.
POOL = 64


class BatchSampler:
    """Batches of similar length, the same for the same seed and epoch whatever happened before.

    In training every process gets the same number of batches: the last ones are filled up from the first. In evaluation
    each example is in exactly one batch of one process; processes may get different numbers of batches.

    Args:
        lengths: `(N,)` the cost of each example, in pieces.
        batch_size: the most examples in a batch, per process.
        shuffle: a new order in every epoch.
        seed: decides the order.
        token_budget: the most pieces in a batch, padding included; batches then vary in size up to `batch_size`. An
            example above the budget is a batch of its own.
        group_by_length: put examples of similar length together.
        drop_last: leave out a batch of fewer than `batch_size` examples; only without a token budget.
        corpora: where there are several with weights: for each, in the order of the data, how many examples it has and how often
            each of them is seen in an epoch; of a weight of 2.5 the half are drawn anew in each epoch.
        equal_shares: give every process the same number of batches; by default when shuffling.
        rank: the number of this process.
        world_size: the number of processes.
    """

    def __init__(
        self,
        lengths: npt.ArrayLike,
        batch_size: int,
        *,
        shuffle: bool,
        seed: int = 0,
        token_budget: int | None = None,
        group_by_length: bool = True,
        drop_last: bool = False,
        corpora: Sequence[tuple[int, float]] = (),
        equal_shares: bool | None = None,
        rank: int = 0,
        world_size: int = 1,
    ) -> None:
        self.lengths = np.asarray(lengths, dtype=np.int64)
        self.batch_size, self.token_budget = batch_size, token_budget
        self.shuffle, self.seed, self.group_by_length = shuffle, seed, group_by_length
        self.drop_last = drop_last
        self.corpora = [(int(size), float(weight)) for size, weight in corpora]
        self.equal_shares = shuffle if equal_shares is None else equal_shares
        self.rank, self.world_size = rank, world_size
        self._start = 0
        self._batches = self._make(0)

    def set_epoch(self, epoch: int, start: int = 0) -> None:
        """Move to an epoch, and in it behind the first `start` batches of this process."""
        self._start = start
        if self.shuffle or self.corpora:
            self._batches = self._make(epoch)

    def __len__(self) -> int:
        """The number of batches of this process in the whole epoch."""
        return len(self._batches)

    def __iter__(self) -> Iterator[list[int]]:
        for batch in self._batches[self._start :]:
            yield batch.tolist()

    def _make(self, epoch: int) -> list[np.ndarray]:
        batches = self._all_batches(epoch)
        if self.equal_shares and batches:
            missing = -len(batches) % self.world_size
            batches += [batches[i % len(batches)] for i in range(missing)]
        return batches[self.rank :: self.world_size]

    def _all_batches(self, epoch: int) -> list[np.ndarray]:
        random = np.random.default_rng((self.seed, epoch))
        chosen = self._chosen(random)
        count = len(chosen)
        order = chosen[random.permutation(count)] if self.shuffle else chosen
        if self.group_by_length:
            # Without shuffling, all of the data is one pool.
            pool = self.batch_size * POOL if self.shuffle else max(count, 1)
            pools = [order[i : i + pool] for i in range(0, count, pool)]
            order = np.concatenate([p[np.argsort(self.lengths[p], kind="stable")] for p in pools]) if pools else order
        batches = self._cut(order)
        if self.shuffle and self.group_by_length:
            batches = [batches[i] for i in random.permutation(len(batches))]
        return batches

    def _chosen(self, random: np.random.Generator) -> np.ndarray:
        """The examples of an epoch, in the order of the data."""
        if not self.corpora:
            return np.arange(len(self.lengths))
        chosen, start = [], 0
        for size, weight in self.corpora:
            rows = np.arange(start, start + size)
            part = random.permutation(size)[: round(size * (weight % 1))]
            chosen.append(np.sort(np.concatenate([*[rows] * int(weight), rows[part]])))
            start += size
        return np.concatenate(chosen).astype(np.int64)

    def _cut(self, order: np.ndarray) -> list[np.ndarray]:
        if self.token_budget is None:
            count = len(order) - len(order) % self.batch_size if self.drop_last else len(order)
            return [order[i : i + self.batch_size] for i in range(0, count, self.batch_size)]
        batches, start, longest = [], 0, 0
        for end, length in enumerate(self.lengths[order]):
            longest = max(longest, length)
            size = end - start + 1
            if size > 1 and (size > self.batch_size or size * longest > self.token_budget):
                batches.append(order[start:end])
                start, longest = end, length
        return [*batches, order[start:]] if len(order) else []
