"""N-grams around words."""

import pytest

from adaseq.data.inputs.ngrams import NgramInput
from adaseq.errors import AdaSeqError


def test_each_word_has_the_ngrams_that_contain_it(tmp_path):
    encoder = NgramInput([2, 3], min_count=1)
    encoder.count(["a", "b", "c"])
    encoder.finish()
    names = ["?", *encoder.ngrams]
    (features,) = encoder.encode([["a", "b"]], training=True)
    rows = features["ngram_ids"].reshape(2, 5)
    assert [names[i] for i in rows[0]] == ["2 <s> a", "2 a b", "3 <s> <s> a", "3 <s> a b", "?"]
    assert [names[i] for i in rows[1]] == ["2 a b", "?", "3 <s> a b", "?", "?"]
    batch = encoder.collate(encoder.encode([["a", "b"], [], ["c"]], training=True), 2)
    assert batch["ngram_ids"].shape == (3, 2, 5) and not batch["ngram_ids"][1].any()
    encoder.save(tmp_path)
    loaded = NgramInput([2, 3])
    loaded.load(tmp_path)
    assert loaded.fingerprint() == encoder.fingerprint() and loaded.supplies() == {"num_ngrams": 1 + len(names) - 1}


def test_rare_ones_are_unknown_and_case_may_not_count():
    encoder = NgramInput(min_count=2, lowercase=True)
    for words in (["A", "b"], ["a", "B"], ["a", "c"]):
        encoder.count(words)
    encoder.finish()
    assert encoder.ngrams == ["2 <s> a", "2 a b", "2 b </s>"]


@pytest.mark.parametrize("sizes", [[0], [2, 2]])
def test_impossible_sizes(sizes):
    with pytest.raises(AdaSeqError, match="different and at least 1"):
        NgramInput(sizes)
