"""Text that is shown cannot steer what shows it."""

from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st

from adaseq.utils.terminal import escaped_in_json, harmless

HOSTILE = "a\x1b[2J\x9b31m\u202eb\u2066\x07\r\x00\ud800\u2028"


def test_what_steers_is_named() -> None:
    assert harmless(HOSTILE) == ("a<U+001B>[2J<U+009B>31m<U+202E>b<U+2066><U+0007><U+000D><U+0000><U+D800><U+2028>")


def test_text_of_people_stays_as_it_is() -> None:
    text = "naïve 李明　\u00a0\t\nनमस्ते 👩\u200d👩 می\u200cخواهم"
    assert harmless(text) == text


@given(st.text(st.characters(exclude_categories=())))
def test_json_means_the_same(text: str) -> None:
    line = escaped_in_json(json.dumps(text, ensure_ascii=False))
    assert json.loads(line) == text
    assert harmless(line) == line
