"""Shapes, affixes and names of lists."""

import pytest

from adaseq.data.inputs.gazetteer import BEGIN, END, INSIDE, OUTSIDE, SINGLE, Gazetteer
from adaseq.data.inputs.word_features import WordFeatureInput, word_shape
from adaseq.errors import AdaSeqError, DataError


@pytest.mark.parametrize(
    ("word", "shape"),
    [("Covid-19", "Xx-d"), ("U.S.", "X.X."), ("北京", "c"), ("iPhone", "xXx"), ("", ""), ("３", "d"), ("éa", "x")],
)
def test_shapes(word, shape):
    assert word_shape(word) == shape


def test_the_longest_names_from_left_to_right():
    gazetteer = Gazetteer(["New York", "New York City", "York", "a b c d", ""])
    assert gazetteer.match(["New", "York", "City", "York", "in"]).tolist() == [BEGIN, INSIDE, END, SINGLE, OUTSIDE]
    assert gazetteer.match(["a", "b", "c"]).tolist() == [OUTSIDE] * 3
    assert gazetteer.match(list("aNewYork")).tolist() == [OUTSIDE, BEGIN, *[INSIDE] * 5, END]
    assert gazetteer.match([]).tolist() == []
    assert Gazetteer(["NATO"], lowercase=True).match(["Nato"]).tolist() == [SINGLE]
    assert Gazetteer([]).match(["x"]).tolist() == [OUTSIDE]


def test_features_of_words_and_sentences(tmp_path):
    (tmp_path / "places.txt").write_text("\ufeffNew York\n北京\n", encoding="utf-8")
    encoder = WordFeatureInput(prefixes=[1], suffixes=[2], gazetteers={"places": str(tmp_path / "places.txt")})
    encoder.count(["New", "York", "Yard", "x"])
    encoder.finish()
    # Xx is seen three times, the prefix y twice; all else once.
    assert encoder.supplies() == {"feature_sizes": [2, 2, 1, 5]}
    sentences = [["New", "York"], ["x"], []]
    batch = encoder.collate(encoder.encode(sentences, training=True), 2)
    assert batch["feature_ids"].tolist() == [
        [[1, 0, 0, BEGIN], [1, 1, 0, END]],
        [[0, 0, 0, OUTSIDE], [0, 0, 0, 0]],
        [[0, 0, 0, 0]] * 2,
    ]
    encoder.save(tmp_path)
    (tmp_path / "places.txt").unlink()
    loaded = WordFeatureInput(prefixes=[1], suffixes=[2])
    loaded.load(tmp_path)
    assert loaded.fingerprint() == encoder.fingerprint()
    assert loaded.encode(sentences, False)[0]["feature_ids"].tolist() == [1, 0, 0, BEGIN, 1, 1, 0, END]


def test_a_list_that_tells_nothing_is_told_of(tmp_path, caplog):
    lists = {"places": "Oslo 3 ns\n", "people": "Ann\nLee\n", "nothing": ""}
    for name, text in lists.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    encoder = WordFeatureInput(gazetteers={name: str(tmp_path / name) for name in lists})
    for words in (["Lee", "in", "Oslo"], ["and", "Ann"]):
        encoder.count(words)
    encoder.finish()
    rest = "each line of {} must be a name and nothing else"
    assert [record.getMessage() for record in caplog.records] == [
        "gazetteers.places: none of its 1 names occurs in the training data, such as 'Oslo3ns'; "
        + rest.format(tmp_path / "places"),
        "gazetteers.nothing: none of its 0 names occurs in the training data; " + rest.format(tmp_path / "nothing"),
    ]


def test_what_cannot_be():
    with pytest.raises(AdaSeqError, match="must be at least 1"):
        WordFeatureInput(prefixes=[0])
    with pytest.raises(DataError, match="nowhere.txt: the gazetteer cannot be read: No such file"):
        WordFeatureInput(gazetteers={"x": "nowhere.txt"})
