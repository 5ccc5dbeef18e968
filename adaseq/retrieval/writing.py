"""Sentences with the passages that were found for them, as CoNLL columns that every reader of ours takes for context."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import NamedTuple

from adaseq.data.annotation import CONTEXT_TAG, END_OF_SENTENCE
from adaseq.data.document_context import document_of
from adaseq.data.example import Example, labelled_words
from adaseq.data.formats.columns import DOCUMENT
from adaseq.data.splitters import Splitter
from adaseq.errors import DataError
from adaseq.retrieval.index import Hit, PassageIndex
from adaseq.retrieval.terms import join_words
from adaseq.utils.tag_schemes import OUTSIDE, PLAIN, spans_to_tags

_BATCH = 256


class Written(NamedTuple):
    """A sentence as it is written.

    Attributes:
        text: its lines, with the blank line behind it.
        context_words: how many words of context it has.
    """

    text: str
    context_words: int


def write_sentences(
    examples: Iterable[Example],
    index: PassageIndex,
    splitter: Splitter,
    scheme: str = "BIO",
    top: int = 10,
    max_words: int = 200,
) -> Iterator[Written]:
    """Each sentence with its tags, then `<EOS>` and the words of the passages, tagged X.

    Args:
        examples: the sentences.
        index: what is searched.
        splitter: cuts passages into such words as the sentences have.
        scheme: of the tags.
        top: the most passages for a sentence.
        max_words: the most words of context.

    Raises:
        DataError: a sentence has context already, or its annotation cannot be spelt by tags.
    """
    source = iter(examples)
    previous = None
    has_own_units = len(splitter.split("ab")[0]) > 1  # its words are characters, whatever the words of the corpus are
    while batch := list(islice(source, _BATCH)):
        queries = [join_words(labelled_words(example)) for example in batch]
        for example, hits in zip(batch, index.search(queries, top), strict=True):
            document = document_of(example)
            begins = "document" in example.fields and document != previous
            previous = document
            context = list(islice(_words(hits, splitter, has_own_units), max_words))
            rows = [*_tagged(example, scheme)]
            if context:
                rows += [(END_OF_SENTENCE, CONTEXT_TAG), *((word, CONTEXT_TAG) for word in context)]
            lines = "".join(f"{word}\t{tag}\n" for word, tag in rows)
            mark = f"{DOCUMENT}\t{OUTSIDE}\n\n" if begins else ""
            yield Written(f"{mark}{lines}\n", len(context))


def _words(hits: Sequence[Hit], splitter: Splitter, has_own_units: bool) -> Iterator[str]:
    """The words of passages in such units as the sentences have."""
    for hit in hits:
        words = hit.passage.words
        for word in splitter.split(hit.passage.text)[0] if words is None or has_own_units else words:
            if word != END_OF_SENTENCE and _is_writable(word):
                yield word


def _tagged(example: Example, scheme: str) -> Iterator[tuple[str, str]]:
    """The words of a sentence with their tags."""
    if END_OF_SENTENCE in example.tokens:
        raise DataError(
            f"the sentence has '{END_OF_SENTENCE}' in it, so it has retrieved context already", example.origin
        )
    covered: set[int] = set()
    for span in example.spans:
        words = range(span["start"], span["end"])
        if not covered.isdisjoint(words) or "parts" in span or "allowed" in span or "types" in span:
            raise DataError(
                f"the annotation of '{join_words(example.tokens[span['start'] : span['end']])}' cannot be spelt by one tag for "
                "each word; retrieval is for data with such tags",
                example.origin,
            )
        covered.update(words)
    tags = spans_to_tags(example.spans, len(example.tokens), scheme)
    mask = example.mask or [True] * len(example.tokens)
    for word, tag, is_own in zip(example.tokens, tags, mask, strict=True):
        if not _is_writable(word):
            what = f"begins with {DOCUMENT}" if word.startswith(DOCUMENT) else "has a tab or a line break in it"
            raise DataError(f"the word {word!r} {what}", example.origin)
        if not is_own and scheme == PLAIN:
            raise DataError(f"the word {word!r} is context, which labels of words cannot say", example.origin)
        yield word, tag if is_own else CONTEXT_TAG


def _is_writable(word: str) -> bool:
    """Whether a line that begins with a word is read as that word."""
    return not word.startswith(DOCUMENT) and not any(character in word for character in "\t\r\n")
