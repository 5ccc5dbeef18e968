"""What is counted while data is read."""

from __future__ import annotations

import pytest

from adaseq.data.example import Example, Span
from adaseq.data.statistics import Statistics


def entity(start: int, end: int, label: str = "X") -> Span:
    return {"start": start, "end": end, "type": label}


@pytest.mark.parametrize(
    ("spans", "forms"),
    [
        ([entity(0, 2), entity(2, 4)], {}),
        ([entity(0, 4), entity(0, 2), entity(1, 2)], {"nested": 2}),
        ([entity(0, 3), entity(2, 5)], {"crossing": 1}),
        # The last one lies in the second one, and crosses the first.
        ([entity(0, 4), entity(1, 7), entity(3, 5)], {"crossing": 2}),
        ([entity(0, 2), entity(0, 2, "Y"), entity(0, 2)], {"several types": 1}),
        ([entity(0, 5), {**entity(0, 5), "parts": [(0, 1), (4, 5)]}], {"discontinuous": 1}),
        ([entity(0, 5, "PARTIAL"), entity(1, 2)], {}),
    ],
)
def test_entities_that_tags_cannot_spell(spans: list[Span], forms: dict[str, int]) -> None:
    statistics = Statistics()
    for order in (spans, spans[::-1]):
        statistics.add(Example("1", ["w"] * 8, order))
    assert statistics.forms == {form: 2 * count for form, count in forms.items()}
    again = Statistics.sum([Statistics.from_dict(statistics.to_dict()), Statistics()])
    assert again == statistics
