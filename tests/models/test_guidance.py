"""Scores that follow a dictionary."""

from __future__ import annotations

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from adaseq.data.tags import allowed_transitions, tag_inventory, tags_to_spans
from adaseq.models.guidance import Guidance, Match, guide_cells, guide_tags, raise_cells, tags_of
from adaseq.modules.decoders.crf import CRF
from adaseq.modules.decoders.linear import LinearDecoder
from adaseq.utils.tag_schemes import PLAIN, SCHEMES

TYPES = ["X", "Y"]


@st.composite
def entries(draw: st.DrawFn, length: int) -> list[Match]:
    """Matches that do not overlap, with a word between them now and then."""
    matches, place = [], draw(st.integers(0, 2))
    while place < length:
        end = min(place + draw(st.integers(1, 3)), length)
        matches.append(Match(place, end, draw(st.sampled_from(TYPES))))
        place = end + draw(st.integers(0, 2))
    return matches


@pytest.mark.parametrize("scheme", [*sorted(SCHEMES), PLAIN])
@pytest.mark.parametrize("decoder", ["linear", "crf", "constrained"])
@settings(max_examples=25)
@given(st.data())
def test_forced_entries_are_exactly_what_is_read(scheme: str, decoder: str, data: st.DataObject) -> None:
    tags = tag_inventory(TYPES, scheme)
    seed, length = data.draw(st.integers(0, 10_000)), data.draw(st.integers(1, 9))
    torch.manual_seed(seed)
    matches = data.draw(entries(length))
    if scheme == "IO":
        # Nothing can part neighbours of the same type in it.
        matches = [
            each
            for each, before in zip(matches, [None, *matches], strict=False)
            if before is None or before.end < each.start
        ]
    if decoder == "linear":
        chosen: LinearDecoder | CRF = LinearDecoder(len(tags), batch_first=True)
    else:
        limits = allowed_transitions(tags, scheme) if decoder == "constrained" else None
        chosen = CRF(len(tags), batch_first=True, constraints=limits)
        torch.nn.init.normal_(chosen.transitions, std=3.0)
    scores = 3 * torch.randn(1, length, len(tags))
    guided, allowed = guide_tags(scores, Guidance([matches], None), dict(enumerate(tags)), scheme)
    (path,) = chosen.decode(guided, allowed=allowed)
    spans = [(span["start"], span["end"], span["type"]) for span in tags_to_spans([tags[i] for i in path], scheme)]
    if scheme == PLAIN:
        expected = [(word, word + 1, match.type) for match in matches for word in range(match.start, match.end)]
    else:
        expected = [tuple(match) for match in matches]
    assert set(expected) <= set(spans)


def test_a_bonus_is_shared_among_the_words() -> None:
    tags = dict(enumerate(tag_inventory(TYPES, "BIOES")))
    scores = torch.zeros(1, 4, len(tags), dtype=torch.bfloat16)
    guided, allowed = guide_tags(scores, Guidance([[Match(0, 3, "Y"), Match(3, 4, "X")]], 6.0), tags, "BIOES")
    assert allowed is None and guided.dtype == torch.float32
    raised = {(word, tags[tag]): guided[0, word, tag].item() for word, tag in guided[0].nonzero().tolist()}
    assert raised == {(0, "B-Y"): 2.0, (1, "I-Y"): 2.0, (2, "E-Y"): 2.0, (3, "S-X"): 6.0}


def test_without_entries_nothing_changes() -> None:
    scores = torch.zeros(2, 3, 5)
    for guidance in (None, Guidance([[], []], None)):
        assert guide_tags(scores, guidance, {0: "O"}, "BIO") == (scores, None)
        assert guide_cells(scores.unsqueeze(3), guidance, {}, 0) is not None


def test_odds_grow_by_the_factor_of_the_bonus() -> None:
    """Of a CRF without transitions: the reading of the entry against all others of its words."""
    tags = dict(enumerate(tag_inventory(["X"], "BIO")))
    scores = torch.randn(1, 2, 3, generator=torch.Generator().manual_seed(1))
    guided, _ = guide_tags(scores, Guidance([[Match(0, 1, "X")]], 2.0), tags, "BIO")

    def odds(values: torch.Tensor) -> float:
        probability = float(LinearDecoder(3, batch_first=True).marginals(values)[0, 0, 1])
        return probability / (1 - probability)

    assert odds(guided) / odds(scores) == pytest.approx(math.exp(2.0), rel=1e-4)


def test_cells_in_blocks_of_rows() -> None:
    guidance = Guidance([[Match(1, 3, "Y")], [Match(4, 5, "X")]], 1.5)
    classes = {"X": 0, "Y": 1}
    whole = guide_cells(torch.zeros(2, 5, 2, 5), guidance, classes, 0)
    assert whole.nonzero().tolist() == [[0, 1, 1, 2], [1, 4, 0, 4]]
    parts = [
        guide_cells(torch.zeros(2, last - first, 2, 5 - first), guidance, classes, first)
        for first, last in ((0, 2), (2, 5))
    ]
    assert torch.equal(parts[0], whole[:, :2]) and torch.equal(parts[1], whole[:, 2:, :, 2:])
    certain = raise_cells(torch.zeros(1, 1, 3, 1), [(0, 0, 2, 0)], None)
    assert certain.softmax(2)[0, 0, 2, 0] == 1


def test_tags_of_iob1_part_neighbours() -> None:
    assert tags_of(Match(2, 4, "X"), "IOB1", is_behind_its_like=True) == ["B-X", "I-X"]
    assert tags_of(Match(2, 4, "X"), "IOB1") == ["I-X", "I-X"]
    assert tags_of(Match(0, 1, ""), "BMES") == ["S"]


def test_windows_hold_whole_entries() -> None:
    guidance = Guidance([[Match(1, 3, "X"), Match(4, 6, "Y")]], None)
    assert guidance.window(1, 5).matches == [[Match(0, 2, "X")]]
    assert guidance.of([0]) == guidance
