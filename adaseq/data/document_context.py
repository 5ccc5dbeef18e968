"""The words around a sentence in its document (FLERT: Schweter and Akbik 2020).

A document is what the marks of the format say: `-DOCSTART-` lines, `# newdoc`, the key `document` of JSON records. In a file
without marks all sentences belong to one document; sentences before the first mark of a file do as well. Different files are
always different documents.
"""

from __future__ import annotations

import itertools
from collections import deque
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from adaseq.data.example import Example, labelled_words
from adaseq.data.fast_pieces import Pieces
from adaseq.errors import AdaSeqError, nearest

if TYPE_CHECKING:
    from adaseq.data.store.examples import Examples

_SIDES = ("left", "right")


class Extent(NamedTuple):
    """How many words around a sentence are seen.

    Attributes:
        left: before it.
        right: behind it.
    """

    left: int
    right: int


def read_extent(context: Mapping[str, Any] | None) -> Extent | None:
    """What `preprocessor.context` says; None if no words around a sentence are wanted.

    Args:
        context: `left` and `right`, numbers of words; one that is missing is 0.

    Raises:
        AdaSeqError: something else.
    """
    if context is None:
        return None
    for side, count in context.items():
        if side not in _SIDES:
            raise AdaSeqError(
                f"preprocessor.context has no key '{side}'{nearest(str(side), _SIDES) or ';'} known: left, right"
            )
        if isinstance(count, bool) or not isinstance(count, int) or count < 0:
            raise AdaSeqError(f"preprocessor.context.{side} is {count!r}; it must be a number of words, 0 or more")
    return Extent(*(context.get(side, 0) for side in _SIDES))


def in_context(examples: Examples, extent: Extent) -> Iterator[Example]:
    """The examples of a split, each with the words around it.

    Of examples that were chosen from more (`valid_ratio`, `sample`), the neighbours are those that they had in the file; of
    these only the words are seen.

    Args:
        examples: the split.
        extent: how many words.
    """
    # Prediction without torch needs neither.
    from adaseq.data.corpora import JoinedExamples
    from adaseq.data.store.examples import ExampleStore

    if isinstance(examples, JoinedExamples):
        yield from itertools.chain.from_iterable(in_context(part, extent) for part in examples.parts)
        return
    rows = examples.rows if isinstance(examples, ExampleStore) else None
    if rows is None or not isinstance(examples, ExampleStore):
        yield from surround(examples, extent, document_of)
        return
    everything = surround(examples.everything(), extent, document_of)
    if bool(np.all(rows[1:] > rows[:-1])):
        wanted = set(rows.tolist())
        yield from (example for row, example in enumerate(everything) if row in wanted)
        return
    wanted = set(rows.tolist())
    found = {row: example for row, example in enumerate(everything) if row in wanted}
    yield from (found[row] for row in rows.tolist())


def surround(
    examples: Iterable[Example], extent: Extent, document: Callable[[Example], Hashable | None]
) -> Iterator[Example]:
    """Sentences with the words around them as their `context`, read ahead no further than that takes.

    Args:
        examples: the sentences, those of a document in their order.
        extent: how many words.
        document: which document a sentence is from; None if it stands alone.
    """
    before: list[str] = []
    waiting: deque[tuple[Example, list[str]]] = deque()
    ahead, current = 0, None  # the words that wait behind the first sentence; the document of all that wait

    def first() -> Example:
        nonlocal ahead, before
        example, own = waiting.popleft()
        following = list(itertools.islice(itertools.chain.from_iterable(words for _, words in waiting), extent.right))
        made = replace(example, context=(before, following))
        before = [*before, *own][-extent.left :] if extent.left else []
        ahead -= len(waiting[0][1]) if waiting else 0
        return made

    for example in examples:
        key = document(example)
        if key is None or key != current:
            while waiting:
                yield first()
            before, current = [], key
        words = labelled_words(example)
        ahead += len(words) if waiting else 0
        waiting.append((example, words))
        while waiting and ahead >= extent.right:
            yield first()
    while waiting:
        yield first()


def document_of(example: Example) -> Hashable:
    """The file that an example is from, and the document in it."""
    return example.origin.rpartition(":")[0], example.fields.get("document")


def fitting(left: Pieces, right: Pieces, room: int) -> tuple[np.ndarray, np.ndarray]:
    """The pieces of the words around a sentence that fit beside it: whole words, the nearest ones.

    Args:
        left: the pieces of the words before it.
        right: those of the words behind it.
        room: how many pieces fit. Each side may have half of them, and what the other one leaves.
    """
    most_left = max(room // 2, room - int(right.starts[-1]))
    begin = int(np.searchsorted(left.starts, left.starts[-1] - most_left))
    chosen = left.ids[left.starts[begin] :]
    end = int(np.searchsorted(right.starts, room - len(chosen), side="right")) - 1
    return chosen, right.ids[: right.starts[end]]
