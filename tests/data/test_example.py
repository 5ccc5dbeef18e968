from adaseq.data.example import Example, labels_of


def test_the_labels_of_an_example_are_those_of_its_spans_and_its_own() -> None:
    spans = [
        {"start": 0, "end": 1, "type": "PER"},
        {"start": 0, "end": 1, "type": "PER"},
        {"start": 0, "end": 1, "type": "", "types": ["poet", "person"]},
        {"start": 0, "end": 1, "type": "PARTIAL", "allowed": ["ORG"]},
    ]
    assert labels_of(Example("0", ["x"], spans, fields={"label": "c"})) == ["PER", "PER", "poet", "person", "c"]
    assert labels_of(Example("0", ["x"], fields={"label": ["d", "e"]})) == ["d", "e"]
    assert labels_of(Example("0", ["x"])) == []
