"""The word vocabulary of models that learn their own embeddings."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import numpy as np

from adaseq.errors import DataError, ModelError
from adaseq.utils.word_forms import other_forms

PAD, UNK = "[PAD]", "[UNK]"
VOCABULARY_FILE = "vocab.txt"


class Vocabulary:
    """Words and their ids: the id is the place in the list. `[PAD]` and `[UNK]` are always in it.

    Args:
        words: the words in the order of their ids.
        lowercase: look words up in lower case.

    Attributes:
        lookup: other forms under which a word that is not in it is looked for; see `other_forms`.
    """

    def __init__(self, words: Sequence[str], lowercase: bool = False) -> None:
        self.words = list(words)
        self.lowercase = lowercase
        self.lookup: Sequence[str] = ()
        self._ids = {word: i for i, word in enumerate(self.words)}
        missing = [word for word in (PAD, UNK) if word not in self._ids]
        if missing:
            raise ModelError(
                f"the vocabulary has no {' and no '.join(missing)}; every vocabulary needs {PAD} and {UNK}"
            )
        self.pad_id, self.unk_id = self._ids[PAD], self._ids[UNK]

    def __len__(self) -> int:
        return len(self.words)

    def ids(self, tokens: Sequence[str]) -> np.ndarray:
        """The ids of words, as int32; an unknown word has the id of `[UNK]`."""
        lookup, unk = self._ids.get, self.unk_id
        if self.lookup:
            return np.fromiter((self._id_of_some_form(token) for token in tokens), np.int32, len(tokens))
        if self.lowercase:
            return np.fromiter((lookup(token.lower(), unk) for token in tokens), np.int32, len(tokens))
        return np.fromiter((lookup(token, unk) for token in tokens), np.int32, len(tokens))

    def extend(self, words: Iterable[str]) -> None:
        """Put more words behind the others; those that are there already, or that no line can hold, are passed over."""
        for word in words:
            word = word.lower() if self.lowercase else word
            if word not in self._ids and word.splitlines() == [word]:
                self._ids[word] = len(self.words)
                self.words.append(word)

    def _id_of_some_form(self, token: str) -> int:
        token = token.lower() if self.lowercase else token
        found = self._ids.get(token)
        if found is not None:
            return found
        return next((self._ids[form] for form in other_forms(token, self.lookup) if form in self._ids), self.unk_id)

    @classmethod
    def build(cls, sentences: Iterable[Sequence[str]], min_count: int = 1, lowercase: bool = False) -> Vocabulary:
        """Count the words of the training sentences; the most frequent have the lowest ids, ties in alphabetical order.

        Args:
            sentences: the words of each sentence.
            min_count: rarer words stay unknown.
            lowercase: count and look up in lower case.
        """
        counts: Counter[str] = Counter()
        for tokens in sentences:
            counts.update(token.lower() for token in tokens) if lowercase else counts.update(tokens)
        return cls.from_counts(counts, min_count, lowercase)

    @classmethod
    def from_counts(cls, counts: Mapping[str, int], min_count: int = 1, lowercase: bool = False) -> Vocabulary:
        """The same from words that are counted already, in lower case where that is asked for."""
        kept = [w for w, n in counts.items() if n >= min_count and w not in (PAD, UNK) and w.splitlines() == [w]]
        return cls([PAD, UNK, *sorted(kept, key=lambda word: (-counts[word], word))], lowercase)

    def save(self, folder: Path) -> None:
        """Write one word per line to `vocab.txt` in the folder."""
        (folder / VOCABULARY_FILE).write_text("\n".join(self.words) + "\n", encoding="utf-8", newline="\n")

    @classmethod
    def load(cls, folder: Path, file_name: str = VOCABULARY_FILE, lowercase: bool = False) -> Vocabulary:
        """Read such a file.

        Raises:
            ModelError: it is not there, or lacks `[PAD]` or `[UNK]`.
            DataError: it is not UTF-8.
        """
        path = folder / file_name
        try:
            text = path.read_text(encoding="utf-8")
        except FileNotFoundError as error:
            raise ModelError(f"there is no vocabulary file '{file_name}' in the folder '{folder}'") from error
        except UnicodeDecodeError as error:
            raise DataError(f"not UTF-8 ({error.reason} at byte {error.start})", path) from error
        return cls(text.removesuffix("\n").split("\n"), lowercase)
