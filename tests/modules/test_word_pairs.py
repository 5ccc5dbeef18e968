"""The network over pairs of words."""

from __future__ import annotations

import pytest
import torch
from torch.nn.functional import gelu, layer_norm

from adaseq.errors import ModelError
from adaseq.modules.word_pairs import WordPairScorer, check_convolutions, distance_ids


def scorer(dropout=0.0):
    torch.manual_seed(0)
    made = WordPairScorer(6, 4, {"channels": 5, "dilation": [1, 2], "dropout": dropout}, 3, 2, 7, 8, dropout).double()
    for parameter in made.parameters():
        torch.nn.init.normal_(parameter, std=0.5)
    return made


def test_distances_are_powers_of_two():
    offsets = [0, 1, 2, 3, 4, 7, 8, 255, 256, 9999, -1, -2, -300]
    ids = [19, 1, 2, 2, 3, 3, 4, 8, 9, 9, 10, 11, 18]
    assert distance_ids(torch.tensor(offsets)).tolist() == ids


def test_scores_by_hand():
    model, words = scorer().eval(), torch.randn(2, 9, 6, dtype=torch.float64)
    mask = torch.arange(9) < torch.tensor([[9], [6]])
    scores = model.scores(model(words, mask), 0, 9)
    length = 9
    places = torch.arange(length)
    offsets = places - places[:, None]
    # Conditional layer normalisation: the second word, scaled and shifted as the first one says.
    both = layer_norm(words, (6,)).unsqueeze(1) * model.gain(words).unsqueeze(2) + model.shift(words).unsqueeze(2)
    known = torch.cat([model.distances(distance_ids(offsets)), model.regions((offsets > 0).long())], 2)
    grid = model.narrow(torch.cat([both, known.expand(2, -1, -1, -1)], 3))
    is_pair = (mask.unsqueeze(1) & mask.unsqueeze(2)).unsqueeze(1)
    grid = gelu(grid).permute(0, 3, 1, 2) * is_pair
    layers = []
    for convolution in model.convolutions:
        grid = gelu(convolution(grid)) * is_pair
        layers.append(grid)
    by_context = model.output(gelu(model.hidden(torch.cat(layers, 1).permute(0, 2, 3, 1))))
    expected = model.biaffine(model.first(words), model.second(words)) + by_context.transpose(2, 3)
    judged = is_pair[:, 0]
    assert torch.allclose(scores.transpose(2, 3)[judged], expected.transpose(2, 3)[judged])


@pytest.mark.parametrize("height", [1, 2, 4])
def test_blocks_of_rows_are_parts_of_the_whole(height):
    model, words = scorer().eval(), torch.randn(2, 9, 6, dtype=torch.float64)
    vectors = model(words, torch.arange(9) < torch.tensor([[9], [6]]))
    whole = model.scores(vectors, 0, 9)
    parts = [model.scores(vectors, i, min(i + height, 9)) for i in range(0, 9, height)]
    assert torch.allclose(torch.cat(parts, 1), whole)


def test_whole_features_are_dropped_from_a_grid():
    model, words = scorer(dropout=0.5).train(), torch.randn(3, 4, 6, dtype=torch.float64)
    kept = model.draw_features(words)
    assert kept.shape == (3, 1, 11) and set(kept.unique().tolist()) <= {0.0, 2.0}
    assert model.eval().draw_features(words) is None


def test_a_sentence_does_not_see_its_padding():
    model, words = scorer().eval(), torch.randn(1, 9, 6, dtype=torch.float64)
    mask = torch.arange(9) < torch.tensor([[5]])
    padded = model.scores(model(words, mask), 0, 9)[:, :5, :, :5]
    alone = model.scores(model(words[:, :5], mask[:, :5]), 0, 5)
    assert torch.allclose(padded, alone)


@pytest.mark.parametrize(
    ("block", "message"),
    [
        ({"channel": 3}, "model.cnn_encoder has no option 'channel'; did you mean 'channels'"),
        ({"dilation": []}, r"model.cnn_encoder.dilation is \[\]; it must be a list of numbers from 1 on"),
        ({"channels": 0}, "model.cnn_encoder.channels is 0; it must be a number from 1 on"),
        ({"dropout": 1}, "model.cnn_encoder.dropout is 1; it must be at least 0 and less than 1"),
    ],
)
def test_options_that_cannot_be(block, message):
    with pytest.raises(ModelError, match=message):
        check_convolutions(block, "model.cnn_encoder")
