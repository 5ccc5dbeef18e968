"""Every kind of finding: its code, how bad it is, why it matters and what to do. The table at the end is the index."""

from __future__ import annotations

from typing import Literal, NamedTuple

Severity = Literal["error", "warning", "note"]
SEVERITIES: tuple[Severity, ...] = ("error", "warning", "note")


class Kind(NamedTuple):
    """A kind of finding.

    Attributes:
        code: its name, for programs and for `--ignore`.
        severity: error: training would stop, or be worth nothing; warning: a model would learn something wrong, or a score
            would say something wrong; note: worth knowing.
        title: what it is.
        why: what it does to training or to scores.
        fix: what to do about it.
        group: under which heading reports show it.
    """

    code: str
    severity: Severity
    title: str
    why: str
    fix: str
    group: str


_READING = (
    Kind(
        "unreadable-record",
        "error",
        "records that cannot be read",
        "Reading stops at the first of them, and so does training.",
        "Correct the record, or take it out.",
        "records",
    ),
    Kind(
        "unreadable-file",
        "error",
        "files that cannot be read to their end",
        "Nothing behind the place was looked at; training stops there.",
        "Correct the file, or say with data_type and its options how it is to be read.",
        "records",
    ),
    Kind(
        "undecodable-bytes",
        "error",
        "bytes that are no text in the encoding",
        "Reading stops at the first of them.",
        "Name the encoding that the file has, or convert the file.",
        "encoding",
    ),
    Kind(
        "odd-columns",
        "warning",
        "lines with more columns than the others",
        "Most often a word with a space in it: a part of it is taken for the word, and the rest is lost.",
        "Part columns with tabs, or take the space out of the word.",
        "records",
    ),
)

_CHARACTERS = (
    Kind(
        "byte-order-mark",
        "note",
        "files that begin with a byte order mark",
        "AdaSeq leaves it out; other programs take it for a part of the first word.",
        "Save the file as UTF-8 without one; --fix does.",
        "encoding",
    ),
    Kind(
        "mixed-line-ends",
        "note",
        "files with lines that end differently",
        "AdaSeq reads both; other programs take a carriage return for a part of the last column.",
        "Let all lines end in a line feed; --fix does.",
        "encoding",
    ),
    Kind(
        "mojibake",
        "warning",
        "text that was decoded wrongly",
        "Such characters are in no vocabulary, and hide the words that they were.",
        "Decode the source again; --fix undoes it in column formats, where that can be done with certainty.",
        "encoding",
    ),
    Kind(
        "replacement-character",
        "warning",
        "characters that a decoder gave up on (U+FFFD)",
        "What stood there is lost; the word is unknown to every model.",
        "Convert the source again with its right encoding.",
        "encoding",
    ),
    Kind(
        "control-character",
        "warning",
        "control characters in text",
        "They are invisible, and make a word differ from what it looks like; some change the direction of text.",
        "Take them out; --fix does in column formats.",
        "characters",
    ),
    Kind(
        "zero-width-character",
        "warning",
        "invisible characters inside words",
        "They make a word differ from what it looks like; tokenizers cut there or drop the word.",
        "Take them out; --fix does in column formats.",
        "characters",
    ),
    Kind(
        "blank-word",
        "warning",
        "words of nothing but white space or invisible characters",
        "A tokenizer makes nothing of them, so that the model sees an unknown word.",
        "Take the word out, or write what was meant; where blanks matter, a visible sign for them.",
        "characters",
    ),
    Kind(
        "space-in-word",
        "note",
        "words with white space inside",
        "A backbone's tokenizer cuts them there; programs that part columns at blanks cannot read them.",
        "Split the word and give each part its tag, or join it.",
        "characters",
    ),
    Kind(
        "private-use",
        "note",
        "characters for private use, or that do not exist",
        "Each font shows something else for them; they are in no vocabulary.",
        "Replace them by what they were meant to show.",
        "characters",
    ),
    Kind(
        "mixed-scripts",
        "warning",
        "words that mix scripts which look alike",
        "A Cyrillic а in a Latin word is another character: the word is unknown.",
        "Type the word again in one script.",
        "characters",
    ),
    Kind(
        "full-width",
        "warning",
        "full-width letters and digits among ordinary ones",
        "The same word has two spellings, and most vocabularies know only the ordinary one.",
        "Use one form throughout, as NFKC would write it; and the same in the texts that the model will meet.",
        "characters",
    ),
    Kind(
        "not-normalised",
        "warning",
        "text that is not in normal form (NFC)",
        "An é of one character and one of two look the same and are different words.",
        "Normalise to NFC; --fix does in column formats.",
        "characters",
    ),
)

_ANNOTATION = (
    Kind(
        "bad-tag",
        "error",
        "tags that the scheme does not have",
        "Reading stops at the first of them.",
        "Correct the tag; if it marks words that are not annotated, name it with partial_label.",
        "annotation",
    ),
    Kind(
        "illegal-transition",
        "warning",
        "tags that stand where the scheme does not allow them",
        "They are read as the conlleval script does, which may begin or split an entity where none was meant.",
        "Correct the tags; --fix writes down how they are read.",
        "annotation",
    ),
    Kind(
        "repeated-span",
        "warning",
        "the same span twice in a sentence",
        "It counts twice in the statistics and in some scores.",
        "Leave one of them out.",
        "annotation",
    ),
    Kind(
        "crossing-spans",
        "note",
        "spans that overlap without one lying in the other",
        "No tagger can learn both; the shorter one is left out.",
        "Correct the ends, or train a model for overlapping spans.",
        "annotation",
    ),
    Kind(
        "span-edge-space",
        "warning",
        "spans that begin or end with white space",
        "The model learns that the blank belongs to the entity, and exact-match scores need it.",
        "Move the end of the span to the word.",
        "annotation",
    ),
    Kind(
        "span-cuts-word",
        "warning",
        "spans that begin or end inside a word",
        "Most often ends that are off by one. A model that labels words cannot learn or find such a span.",
        "Move the end of the span to the end of the word.",
        "annotation",
    ),
    Kind(
        "span-cuts-piece",
        "note",
        "spans that begin or end inside a word piece of the tokenizer",
        "Where whole sentences are cut into pieces, such a span cannot be told. AdaSeq cuts each word, or character, by itself.",
        "Move the end of the span, label characters (tokenizer: char), or choose another backbone.",
        "annotation",
    ),
    Kind(
        "inconsistent-type",
        "warning",
        "mentions whose type is nearly always another one",
        "Most often a slip; it teaches the model to doubt.",
        "Look at these few places.",
        "annotation",
    ),
    Kind(
        "ambiguous-mention",
        "note",
        "mentions that have several types about as often",
        "Natural for some names; where it is not, the guidelines are not clear.",
        "Look at some places of each, and decide.",
        "annotation",
    ),
)

_LABELS = (
    Kind(
        "no-annotation",
        "error",
        "no annotation at all in the training data",
        "There is nothing to learn.",
        "Check data_type, label_column and the names of keys.",
        "labels",
    ),
    Kind(
        "label-not-listed",
        "error",
        "labels that dataset.labels does not list",
        "Training refuses them.",
        "List the label, or correct it in the data.",
        "labels",
    ),
    Kind(
        "confusable-labels",
        "warning",
        "labels with nearly the same name",
        "Two names of one type are two classes for a model; each gets a part of the examples.",
        "Write the rarer one as the other, if they mean the same.",
        "labels",
    ),
    Kind(
        "rare-label",
        "note",
        "labels with very few examples in training",
        "A model hardly learns them, and macro-averaged scores swing with each one.",
        "Annotate more, merge the label with another, or leave it out.",
        "labels",
    ),
    Kind(
        "label-not-in-train",
        "warning",
        "labels that training never sees",
        "Every one of them in the evaluation data counts as a miss.",
        "Add examples to the training data, or correct the label.",
        "labels",
    ),
    Kind(
        "label-not-evaluated",
        "note",
        "labels that an evaluation split lacks",
        "The scores say nothing about them.",
        "Split the data anew, stratified by label.",
        "labels",
    ),
)

_SENTENCES = (
    Kind(
        "same-data",
        "error",
        "splits that are for the most part the same data",
        "The score measures memory, not learning.",
        "Check whether the same file was named twice; split the data anew.",
        "sentences",
    ),
    Kind(
        "overlap-between-splits",
        "warning",
        "sentences that are in two splits",
        "The model has learned the answer by heart: scores are too good.",
        "Take them out of the training data, or out of the evaluation data.",
        "sentences",
    ),
    Kind(
        "conflicting-duplicate",
        "warning",
        "the same sentence with different annotation",
        "One of them is wrong, or the guidelines are not clear; the model learns neither.",
        "Compare them and correct one.",
        "sentences",
    ),
    Kind(
        "duplicate-sentence",
        "note",
        "sentences that stand more than once in a split",
        "They weigh more than others in training and in scores.",
        "Leave the copies out, unless the data is meant to be so.",
        "sentences",
    ),
    Kind(
        "too-long",
        "warning",
        "sentences beyond max_length",
        "In training they are cut there, and the spans behind the cut are lost; evaluation reads all of them.",
        "Split long sentences at full stops, or raise preprocessor.max_length.",
        "sentences",
    ),
    Kind(
        "unknown-pieces",
        "warning",
        "words of which the tokenizer knows a part or nothing",
        "The model sees the same unknown piece for all of them.",
        "Choose a backbone for this language, or normalise the text.",
        "sentences",
    ),
)

KINDS: dict[str, Kind] = {kind.code: kind for kind in (*_READING, *_CHARACTERS, *_ANNOTATION, *_LABELS, *_SENTENCES)}
"""By code, in the order in which reports show them within a severity."""

GROUPS = {
    "records": "Records",
    "encoding": "Encoding",
    "characters": "Characters",
    "annotation": "Annotation",
    "labels": "Labels",
    "sentences": "Sentences and splits",
}
