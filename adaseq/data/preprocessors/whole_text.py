"""Features for tasks that judge a text, or two texts, as a whole."""

from __future__ import annotations

import functools
import itertools
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from adaseq.data.pair_template import Template
from adaseq.data.piece_tokenizer import Pieces
from adaseq.data.preprocessors.base import Features, Preprocessor
from adaseq.data.preprocessors.piece_features import cap_words
from adaseq.data.windows import Windows, make_windows, words_that_fit
from adaseq.errors import AdaSeqError

SUMMARY, SEPARATOR = "[CLS]", "[SEP]"
_NOTHING = np.empty(0, np.int32)
_NO_WORDS = Pieces(_NOTHING, np.zeros(1, np.int32))


class WholeTextPreprocessor(Preprocessor):
    """What preprocessors for whole texts share.

    The words of the features are those of the text and some that stand for special pieces: for each window the piece whose
    vector summarises it (`[CLS]` in BERT), all in front; and between two texts the one that separates them. Two texts that
    are too long together are truncated, the longer one first, or cut into windows of both, each with each.

    The features are those of the base class, and

    * `summaries`: how many words at the beginning stand for whole windows
    * `first_words`: how many words of the first text follow
    * `separator`: which word separates the two texts, -1 if none does
    * `segment_ids` int32: the segment of each of `input_ids`; empty where there is only one
    * `left_out`: how many words were truncated
    """

    def words_of_texts(self, first: Sequence[str], second: Sequence[str] | None) -> list[str]:
        """The words of one or two texts in a row, as the vocabulary is built from them."""
        return [*first] if second is None else [*first, SEPARATOR, *second]

    def encode_texts(
        self, texts: Sequence[tuple[Sequence[str], Sequence[str] | None]], training: bool
    ) -> list[Features]:
        """The features of some texts and pairs of texts.

        Args:
            texts: the words of the first text, and of the second one where there is one.
            training: truncate to `max_length`; otherwise cut into windows.
        """
        limited = [self._limited(first, second) for first, second in texts] if training else texts
        if self.tokenizer is None:
            encoded = [self._from_words(first, second, training) for first, second in limited]
        else:
            encoded = self._from_pieces(limited, training)
        for features, (first, second) in zip(encoded, texts, strict=True):
            total = len(first) + (0 if second is None else len(second))
            specials = features["summaries"] + (features["separator"] >= 0)
            features["left_out"] = total - (features["num_words"] - specials)
            features["mask"] = np.empty(0, np.bool_)
        self._add_inputs(encoded, limited, training)
        return encoded

    def _limited(
        self, first: Sequence[str], second: Sequence[str] | None
    ) -> tuple[Sequence[str], Sequence[str] | None]:
        """The words of which every further input of the embedder can take all."""
        is_pair = second is not None
        has_summary = self.tokenizer is not None and self._templates[is_pair].summary is not None
        while True:
            words = [*[SUMMARY] * has_summary, *self.words_of_texts(first, second)]
            limits = [each.words_that_fit([words]) for each in self.inputs.values()]
            fit = min((limit[0] for limit in limits if limit is not None), default=len(words))
            if fit >= len(words):
                return first, second
            counts = shares(len(first), len(second or ()), max(fit - has_summary - is_pair, 1 + is_pair))
            if counts == (len(first), len(second or ())):
                return first, second
            # Words of the second text may have more pieces than those of the first one that made room for them.
            first, second = first[: counts[0]], None if second is None else second[: counts[1]]

    def _add_inputs(
        self,
        encoded: Sequence[Features],
        texts: Sequence[tuple[Sequence[str], Sequence[str] | None]],
        training: bool,
    ) -> None:
        if not self.inputs:
            return
        rows = []
        for features, (first, second) in zip(encoded, texts, strict=True):
            separator = [SEPARATOR] if features["separator"] >= 0 else []
            words = [*[SUMMARY] * features["summaries"], *first[: features["first_words"]], *separator, *(second or ())]
            rows.append(words[: features["num_words"]])
        self.encode_inputs(encoded, rows, training)

    def _from_words(self, first: Sequence[str], second: Sequence[str] | None, training: bool) -> Features:
        if training:
            space = self.max_length - (second is not None)
            counts = shares(len(first), len(second or ()), max(space, 2))
            first, second = first[: counts[0]], None if second is None else second[: counts[1]]
        ids = self._known_vocabulary().ids(self.words_of_texts(first, second))
        return {
            "input_ids": ids,
            "num_words": len(ids),
            "summaries": 0,
            "first_words": len(first),
            "separator": -1 if second is None else len(first),
            "segment_ids": _NOTHING,
        }

    def _from_pieces(
        self, texts: Sequence[tuple[Sequence[str], Sequence[str] | None]], training: bool
    ) -> list[Features]:
        pieces = iter(self.pieces_of([text for pair in texts for text in pair if text is not None]))
        single, double = self._templates
        encoded = []
        for _, second in texts:
            one = next(pieces)
            two = None if second is None else next(pieces)
            encoded.append(self._compose(one, two, single if two is None else double, training))
        return encoded

    @functools.cached_property
    def _templates(self) -> tuple[Template, Template]:
        """What the backbone wants around one text, and around and between two."""
        assert self.tokenizer is not None
        return self.tokenizer.templates()

    def _compose(self, first: Pieces, second: Pieces | None, template: Template, training: bool) -> Features:
        """The features of the pieces of one or two texts."""
        capacity = self.max_length - template.special
        if capacity < 2 and second is not None:
            raise AdaSeqError(
                f"preprocessor.max_length is {self.max_length}: no pair of texts fits beside the {template.special} special "
                f"tokens; give at least {template.special + 2}"
            )
        two = second or _NO_WORDS
        budgets = shares(int(first.starts[-1]), int(two.starts[-1]), capacity)
        first, two = cap_words(first, budgets[0]), cap_words(two, budgets[1])
        cuts = []
        for each, budget in ((first, budgets[0]), (two, budgets[1])):
            count = len(each.starts) - 1
            if not count or each.starts[-1] <= budget:
                cuts.append(Windows([(0, count)], np.arange(count, dtype=np.int32)))
            elif training:
                fit = words_that_fit(each.starts, 0, budget)
                cuts.append(Windows([(0, fit)], np.arange(fit, dtype=np.int32)))
            else:
                cuts.append(make_windows(each.starts, budget, min(self.window_overlap, budget // 4)))
        return _Sequences(first, two, template, second is not None).features(*cuts)


class _Sequences(NamedTuple):
    """One or two texts that become sequences.

    Attributes:
        first: the pieces of the first text.
        second: those of the second one; none if there is only one.
        template: what stands around them.
        is_pair: whether there is a second text, if an empty one.
    """

    first: Pieces
    second: Pieces
    template: Template
    is_pair: bool

    def features(self, first: Windows, second: Windows) -> Features:
        """The features of all windows of the first text, each with all of the second text.

        Args:
            first: how the first text is cut.
            second: how the second text is cut.
        """
        bounds = list(itertools.product(first.bounds, second.bounds))
        has_summary = self.template.summary is not None
        has_separator = self.is_pair and bool(self.template.middle)
        rows = [self._row(*each, has_summary, has_separator) for each in bounds]
        ids, firsts, lasts, segments = (np.concatenate(column) for column in zip(*rows, strict=True))
        summaries = len(bounds) if has_summary else 0
        num_first, num_second = len(first.stitch), len(second.stitch)
        is_cut = len(bounds) > 1
        lengths = np.asarray([len(row[1]) for row in rows], np.int32)
        stitch = _NOTHING
        if is_cut:
            starts = np.cumsum(lengths) - lengths  # of each sequence, among the words of all
            one = _stitched(first, starts[:: len(second.bounds)] + has_summary)
            # The words of the second text, from the sequences with the beginning of the first one.
            before = has_summary + first.bounds[0][1] + has_separator
            two = _stitched(second, starts[: len(second.bounds)] + before)
            separator = [before - 1] if has_separator else []
            stitch = np.concatenate([starts[:summaries], one, separator, two]).astype(np.int32)
        return {
            "input_ids": ids,
            "first_piece": firsts,
            "last_piece": lasts,
            "num_words": summaries + num_first + has_separator + num_second,
            "piece_lengths": np.asarray([len(row[0]) for row in rows], np.int32) if is_cut else _NOTHING,
            "word_lengths": lengths if is_cut else _NOTHING,
            "stitch": stitch,
            "summaries": summaries,
            "first_words": num_first,
            "separator": summaries + num_first if has_separator else -1,
            "segment_ids": segments if segments.any() else _NOTHING,
        }

    def _row(
        self, first: tuple[int, int], second: tuple[int, int], has_summary: bool, has_separator: bool
    ) -> tuple[np.ndarray, ...]:
        """The piece ids of a sequence, the first and last piece of each of its words, and the segment of each piece."""
        template = self.template
        one, two = self.first.part(*first), self.second.part(*second)
        middle = template.middle if self.is_pair else []
        parts = (template.prefix, one.ids, middle, two.ids, template.suffix)
        ids = np.concatenate([np.asarray(part, np.int32) for part in parts])
        separator = len(template.prefix) + len(one.ids)
        places_one = one.starts + len(template.prefix)
        places_two = two.starts + separator + len(middle)
        summary = [template.summary % len(ids)] if has_summary and template.summary is not None else []
        special = [separator] if has_separator else []
        first_piece = np.concatenate([summary, places_one[:-1], special, places_two[:-1]]).astype(np.int32)
        last_piece = np.concatenate([summary, places_one[1:] - 1, special, places_two[1:] - 1]).astype(np.int32)
        return ids, first_piece, last_piece, template.segment_ids(len(one.ids), len(two.ids))


def shares(first: int, second: int, space: int) -> tuple[int, int]:
    """How much of some space each of two texts gets: what it needs if both fit, else the longer one gives way first."""
    if first + second <= space:
        return first, second
    half = space // 2
    if first <= half:
        return first, space - first
    if second <= space - half:
        return space - second, second
    return half, space - half


def _stitched(windows: Windows, starts: np.ndarray) -> np.ndarray:
    """For each word of a text its place among the words of all sequences.

    Args:
        windows: how the text is cut.
        starts: where in the words of all sequences each window begins.
    """
    lengths = np.asarray([end - start for start, end in windows.bounds])
    own = np.cumsum(lengths) - lengths
    window = np.searchsorted(own, windows.stitch, side="right") - 1
    return starts[window] + windows.stitch - own[window]
