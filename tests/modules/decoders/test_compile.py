"""Models with a CRF can be compiled: the recursion runs as it is, with the same losses and gradients."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn

from adaseq.modules.decoders import CRF, PartialCRF


class Tagger(nn.Module):
    """Scores and a CRF."""

    def __init__(self, crf: CRF) -> None:
        super().__init__()
        self.linear = nn.Linear(4, 5)
        self.crf = crf

    def forward(self, words: Tensor, tags: Tensor, mask: Tensor) -> Tensor:
        scores = self.linear(words)
        likelihood: Tensor = self.crf(scores, tags, mask, reduction="mean")
        return self.crf.divergence(scores.flip(0), scores, mask, "mean") - likelihood


@pytest.mark.parametrize("crf_class", [CRF, PartialCRF])
# What torch itself says while it compiles is not for us to judge.
@pytest.mark.filterwarnings("default")
def test_a_compiled_model_learns_the_same(crf_class: type[CRF]) -> None:
    torch.manual_seed(0)
    tagger = Tagger(crf_class(5, batch_first=True))
    words, tags = torch.randn(2, 3, 4), torch.tensor([[0, 1, 2], [3, 4, 0]])
    mask = torch.tensor([[True, True, True], [True, True, False]])
    plain = tagger(words, tags, mask)
    plain.backward()
    gradients = [each.grad.clone() for each in tagger.parameters() if each.grad is not None]
    tagger.zero_grad()
    compiled = torch.compile(tagger, backend="eager")(words, tags, mask)
    compiled.backward()
    torch.testing.assert_close(compiled, plain)
    torch.testing.assert_close([each.grad for each in tagger.parameters()], gradients)
