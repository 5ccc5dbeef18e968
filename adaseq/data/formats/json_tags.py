"""JSON lines with a tag for each word."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from adaseq.data.formats.json_lines import Tokenizer, check_tokenizer, read_records, shown, split_words
from adaseq.data.formats.tagged import Sentence, TaggedFormat
from adaseq.metainfo import Formats
from adaseq.registry import FORMATS


@FORMATS.register(Formats.JSON_TAGS)
class JsonTagsFormat(TaggedFormat):
    """A JSON object per line with a text and a tag for each of its words: `{"text": "…", "labels": ["B-PER", …]}`.

    Args:
        text_key: the key of the text, a string or a list of words.
        tags_key: the key of the list of tags.
        tokenizer: how a string becomes words: char, every character is one; blank, a single blank stands between them.
    """

    records = "lines"

    def __init__(
        self,
        text_key: str = "text",
        tags_key: str = "labels",
        tokenizer: Tokenizer = "char",
        encoding: str = "utf-8",
        source_scheme: str | None = None,
        strict: bool = False,
        partial_label: str | None = None,
    ) -> None:
        super().__init__(encoding, source_scheme, strict, partial_label)
        self.text_key = text_key
        self.tags_key = tags_key
        self.tokenizer = check_tokenizer(tokenizer)

    def _sentences(self, path: Path) -> Iterator[Sentence]:
        for record in read_records(self, path):
            words = split_words(record, self.text_key, self.tokenizer)
            tags = record.get(self.tags_key, list, "a list of tags")
            for tag in tags:
                if not isinstance(tag, str) or not tag:
                    raise record.error(f"'{self.tags_key}' has an item that is no tag: {shown(tag)}")
            if len(tags) != len(words.tokens):
                raise record.error(
                    f"{len(tags)} tags for {len(words.tokens)} words; a string is split into words by the option tokenizer, "
                    f"which is {self.tokenizer}"
                )
            yield Sentence(record.line, words.tokens, tags, words.text, words.offsets, record.fields())
