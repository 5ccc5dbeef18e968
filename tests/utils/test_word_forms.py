"""Other forms of a word."""

from adaseq.utils.word_forms import other_forms


def test_each_form_alone_then_all_together():
    assert list(other_forms("Covid-19", ["lowercase", "digits"])) == ["covid-19", "Covid-00", "covid-00"]
    assert list(other_forms("ＡＢＣ", ["normalised"])) == ["ABC", "ABC"]
    assert list(other_forms("usa", ["capitalised", "uppercase"])) == ["Usa", "USA", "USA"]
    assert list(other_forms("cat", [])) == ["cat"]
