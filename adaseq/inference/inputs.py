"""What a text must be, wherever it comes from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from adaseq.data.annotation import END_OF_SENTENCE
from adaseq.errors import AdaSeqError


def content_of(given: Mapping[str, Any]) -> str | list[str]:
    """The text of an input, or its words: a list of them is no text, whatever it is called.

    Args:
        given: the input, with a text under `text`, or words under `tokens` or `text`.

    Raises:
        AdaSeqError: it holds neither or both, or something else under these keys.
    """
    names = [name for name in ("text", "tokens") if name in given]
    if len(names) != 1:
        keys = ", ".join(map(repr, given))[:100] or "no keys"
        raise AdaSeqError(f'an input has either "text" or "tokens"; this one has {keys}')
    (name,) = names
    content = given[name]
    if name == "text" and isinstance(content, str):
        refuse_surrogates(content)
        return content
    if isinstance(content, (list, tuple)) and all(isinstance(word, str) for word in content):
        refuse_surrogates("".join(content))
        return list(content)
    expected = "a string" if name == "text" else "a list of strings"
    raise AdaSeqError(f'"{name}" must be {expected}; received {repr(content)[:60]}')


def refuse_surrogates(text: str) -> None:
    """Refuse what JSON and Python can hold but no encoding and no tokenizer can.

    Raises:
        AdaSeqError: the text holds half of a surrogate pair.
    """
    if text.isascii():
        return
    try:
        text.encode("utf-8")
    except UnicodeEncodeError as error:
        raise AdaSeqError(
            f"the text holds half of a surrogate pair at character {error.start}, which is no character and cannot be encoded"
        ) from None


def context_mask(words: Sequence[str], mask: Any) -> list[bool] | None:
    """False for words that are context only: those from `<EOS>` on, and those that the mask says; None if there are none.

    Args:
        words: the words.
        mask: what was given as `mask`; None if nothing was.

    Raises:
        AdaSeqError: the mask is not one truth value for each word.
    """
    if mask is not None and not (
        isinstance(mask, (list, tuple)) and len(mask) == len(words) and all(isinstance(each, bool) for each in mask)
    ):
        raise AdaSeqError(
            f"a mask is a list with true or false for each of the {len(words)} words; received {repr(mask)[:100]}"
        )
    is_labelled = [True] * len(words) if mask is None else list(mask)
    if END_OF_SENTENCE in words:
        end = words.index(END_OF_SENTENCE)
        is_labelled[end:] = [False] * (len(words) - end)
    return None if all(is_labelled) else is_labelled
