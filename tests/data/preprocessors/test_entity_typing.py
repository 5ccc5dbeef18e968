"""Features of mentions: one sentence with all of them, or one sequence for each."""

from __future__ import annotations

import numpy as np
import pytest

from adaseq.data.data_collators.multilabel_concat_typing import MultiLabelConcatTypingDataCollatorWithPadding
from adaseq.data.data_collators.multilabel_span_typing import MultiLabelSpanTypingDataCollatorWithPadding
from adaseq.data.example import Example
from adaseq.data.mentions import unpack
from adaseq.data.preprocessors.multilabel_concat_typing import MultiLabelConcatTypingPreprocessor
from adaseq.data.preprocessors.multilabel_concat_typing_mcce import MultiLabelConcatTypingMCCEPreprocessor
from adaseq.data.preprocessors.multilabel_span_typing import MultiLabelSpanTypingPreprocessor
from adaseq.errors import AdaSeqError, DataError

LABELS = ["city", "person", "place"]
EXAMPLE = Example("1", ["mary", "smith", "lives", "in", "london"], [
    {"start": 0, "end": 2, "type": "", "types": ["person"]},
    {"start": 4, "end": 5, "type": "", "types": ["place", "city"], "candidates": ["place", "person"]},
])  # fmt: skip
NOTHING = Example("2", ["of", "the"])
LETTERS = [chr(ord("a") + i % 26) for i in range(100)]


def pieces_of(preprocessor, row):
    tokenizer = preprocessor.tokenizer
    return tokenizer.tokenizer.convert_ids_to_tokens(row["input_ids"][row["input_ids"] < tokenizer.num_pieces].tolist())


def words_of(preprocessor, row):
    """The words of a row, as its places say."""
    pieces = pieces_of(preprocessor, row)
    joined = []
    for first, last in zip(row["first_piece"].tolist(), row["last_piece"].tolist(), strict=True):
        joined.append("".join(piece.removeprefix("##") for piece in pieces[first : last + 1]))
    return joined


def concat(folder, **options):
    return MultiLabelConcatTypingPreprocessor(str(folder), labels=LABELS, **options)


def with_words(preprocessor, examples=(EXAMPLE, NOTHING)):
    preprocessor.fit(preprocessor.words_of(example) for example in examples)
    return preprocessor


# All mentions of a sentence at once


def test_a_sentence_has_all_its_mentions(tiny_bert):
    preprocessor = MultiLabelSpanTypingPreprocessor(str(tiny_bert), labels=LABELS)
    features = preprocessor.encode([EXAMPLE, NOTHING], training=True)
    assert features[0]["mentions"].tolist() == [0, 2, 4, 5]
    assert features[0]["label_ids"].tolist() == [1, 2, 0] and features[0]["label_counts"].tolist() == [1, 2]
    assert features[1]["mentions"].tolist() == [] and features[1]["label_ids"].tolist() == []
    batch = MultiLabelSpanTypingDataCollatorWithPadding()([{**each, "index": i} for i, each in enumerate(features)])
    assert batch["mentions"].tolist() == [[0, 0, 2], [0, 4, 5]]
    assert batch["label_ids"].tolist() == [[1, -100], [2, 0]]


def test_training_leaves_out_mentions_behind_the_end(tiny_bert):
    preprocessor = MultiLabelSpanTypingPreprocessor(str(tiny_bert), labels=LABELS, max_length=5)
    train = preprocessor.encode([EXAMPLE], training=True)[0]
    assert train["num_words"] == 3 and train["mentions"].tolist() == [0, 2] and train["label_counts"].tolist() == [1]
    assert preprocessor.encode([EXAMPLE], training=False)[0]["mentions"].tolist() == [0, 2, 4, 5]


def test_the_span_of_named_entity_data_is_a_mention_with_one_type(tiny_bert):
    preprocessor = MultiLabelSpanTypingPreprocessor(str(tiny_bert), labels=LABELS)
    example = Example("1", ["mary"], [{"start": 0, "end": 1, "type": "person"}])
    assert preprocessor.encode([example], training=True)[0]["label_ids"].tolist() == [1]


@pytest.mark.parametrize(
    "cls",
    [
        MultiLabelSpanTypingPreprocessor,
        MultiLabelConcatTypingPreprocessor,
        MultiLabelConcatTypingMCCEPreprocessor,
    ],
)
def test_labels_may_come_with_their_ids(cls):
    assert cls(is_word2vec=True, label_to_id={"b": 1, "a": 2, "c": 0}).labels == ["c", "b", "a"]
    with pytest.raises(
        AdaSeqError, match=r"preprocessor\.label_to_id must give the ids 0 to 1, each once; received \[0, 2\]"
    ):
        cls.check_arguments({"label_to_id": {"a": 0, "b": 2}})


# A sequence for each mention


def test_each_mention_stands_behind_the_text(tiny_bert):
    preprocessor = concat(tiny_bert)
    features = preprocessor.encode([EXAMPLE, NOTHING], training=True)
    rows = unpack(features[0])
    sentence = ["[CLS]", "mary", "smith", "lives", "in", "london"]
    assert [words_of(preprocessor, row) for row in rows] == [
        [*sentence, "[SEP]", "mary", "smith"], [*sentence, "[SEP]", "london"]
    ]  # fmt: skip
    assert pieces_of(preprocessor, rows[1]) == [*sentence, "[SEP]", "london", "[SEP]"]
    assert [(row["mention_start"], row["mention_end"]) for row in rows] == [(1, 3), (5, 6)]
    assert features[0]["mentions"].tolist() == [0, 2, 4, 5]
    assert features[0]["label_ids"].tolist() == [1, 2, 0] and features[0]["label_counts"].tolist() == [1, 2]
    assert len(unpack(features[1])) == 1 and features[1]["mentions"].tolist() == []
    assert features[0]["left_out"] == features[1]["left_out"] == 0


def test_a_batch_has_a_row_for_each_mention(tiny_bert):
    features = concat(tiny_bert).encode([NOTHING, EXAMPLE], training=True)
    collator = MultiLabelConcatTypingDataCollatorWithPadding()
    batch = collator([{**each, "index": 7 + i} for i, each in enumerate(features)])
    assert batch["index"].tolist() == [7, 8] and batch["mentions"].tolist() == [[1, 0, 2], [1, 4, 5]]
    assert len(batch["tokens"]["input_ids"]) == 2
    assert batch["summary_mask"].sum(1).tolist() == [1, 1] and batch["summary_mask"][:, 0].all()
    assert batch["text_mask"].sum(1).tolist() == [7, 6]  # both texts, without [CLS] and [SEP]
    assert batch["mention_mask"].nonzero().tolist() == [[0, 1], [0, 2], [1, 5]]
    alone = collator([{**features[0], "index": 0}])
    assert alone["mentions"].shape == (0, 3) and len(alone["tokens"]["input_ids"]) == 1


@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize("place", [0, 3, 50, 98])
def test_the_words_around_the_mention_are_kept(tiny_bert, place, training):
    preprocessor = concat(tiny_bert, max_length=20)
    example = Example("1", LETTERS, [{"start": place, "end": place + 2, "type": "", "types": ["city"]}])
    features = preprocessor.encode([example], training)[0]
    (row,) = unpack(features)
    words = words_of(preprocessor, row)
    mention = LETTERS[place : place + 2]
    assert words[0] == "[CLS]" and len(row["input_ids"]) == 20
    assert words[-3:] == ["[SEP]", *mention]
    assert words[row["mention_start"] : row["mention_end"]] == mention
    window = words[1:-3]
    first = place - (row["mention_start"] - 1)
    assert window == LETTERS[first : first + len(window)] and len(window) == 15
    assert features["left_out"] == 85 and features["lost_spans"] == 0
    if 10 < place < 90:  # as much on either side
        assert abs((place - first) - (first + 15 - place - 2)) <= 1


def test_a_mention_that_is_too_long_keeps_its_beginning(tiny_bert):
    preprocessor = concat(tiny_bert, max_length=13)
    example = Example("1", LETTERS, [{"start": 20, "end": 90, "type": ""}])
    (row,) = unpack(preprocessor.encode([example], training=False)[0])
    words = words_of(preprocessor, row)
    assert words == ["[CLS]", *LETTERS[20:25], "[SEP]", *LETTERS[20:25]] and len(row["input_ids"]) == 13
    assert (row["mention_start"], row["mention_end"]) == (1, 6)


def test_a_single_endless_word_is_cut(tiny_bert):
    preprocessor = concat(tiny_bert, max_length=11)
    example = Example("1", ["a" * 50, "in", "b" * 50], [{"start": 0, "end": 1, "type": ""}])
    (row,) = unpack(preprocessor.encode([example], training=False)[0])
    assert len(row["input_ids"]) <= 11 and row["mention_end"] == row["mention_start"] + 1


def test_too_small_a_limit_is_refused(tiny_bert):
    with pytest.raises(AdaSeqError, match="max_length is 4"):
        concat(tiny_bert, max_length=4).encode([EXAMPLE], training=False)


def test_without_a_backbone_a_separator_divides_them():
    preprocessor = with_words(MultiLabelConcatTypingPreprocessor(is_word2vec=True, labels=LABELS))
    (_, row) = unpack(preprocessor.encode([EXAMPLE], training=False)[0])
    known = preprocessor.vocabulary.words
    assert [known[i] for i in row["input_ids"]] == [*EXAMPLE.tokens, "[SEP]", "london"]
    assert (row["mention_start"], row["mention_end"], row["separator"]) == (4, 5, 5)


def test_without_a_backbone_training_is_clipped_and_prediction_is_not():
    example = Example("1", LETTERS, [{"start": 50, "end": 52, "type": "", "types": ["city"]}])
    preprocessor = with_words(
        MultiLabelConcatTypingPreprocessor(is_word2vec=True, labels=LABELS, max_length=10), [example]
    )
    train, rest = (preprocessor.encode([example], training)[0] for training in (True, False))
    assert len(train["input_ids"]) == 10 and train["left_out"] == 93
    assert len(rest["input_ids"]) == 103 and rest["left_out"] == 0


# Candidates


def mcce(folder, **options):
    return MultiLabelConcatTypingMCCEPreprocessor(str(folder), labels=LABELS, **options)


def test_candidates_stand_at_the_end(tiny_bert):
    preprocessor = mcce(tiny_bert)
    features = preprocessor.encode([EXAMPLE], training=False)[0]
    rows = unpack(features)
    assert [row["candidates"].tolist() for row in rows] == [[0, 1, 2], [2, 1]]
    base = preprocessor.tokenizer.num_pieces
    assert rows[1]["input_ids"][-2:].tolist() == [base + 2, base + 1]
    assert preprocessor.num_pieces == base + 3
    start = rows[1]["candidate_start"]
    assert rows[1]["first_piece"][start:].tolist() == [len(rows[1]["input_ids"]) - 2, len(rows[1]["input_ids"]) - 1]
    assert rows[1]["num_words"] == start + 2
    batch = MultiLabelConcatTypingDataCollatorWithPadding()([{**features, "index": 0}])
    assert batch["candidates"].tolist() == [[0, 1, 2], [2, 1, -1]]
    assert batch["candidate_words"].tolist() == [[9, 10, 11], [start, start + 1, 0]]
    assert not batch["text_mask"][1, start:].any()


def test_of_too_many_candidates_the_first_are_taken(tiny_bert):
    features = mcce(tiny_bert, cand_size=1).encode([EXAMPLE], training=False)[0]
    assert [row["candidates"].tolist() for row in unpack(features)] == [[0], [2]]
    with pytest.raises(
        AdaSeqError, match=r"preprocessor\.cand_size must be at least 1, or -1 for all candidates; received 0"
    ):
        mcce(tiny_bert, cand_size=0)


def test_text_makes_room_for_candidates(tiny_bert):
    preprocessor = mcce(tiny_bert, max_length=20)
    example = Example("1", LETTERS, [{"start": 50, "end": 51, "type": ""}])
    features = preprocessor.encode([example], training=False)[0]
    (row,) = unpack(features)
    assert len(row["input_ids"]) == 20 and row["candidates"].tolist() == [0, 1, 2]
    assert features["left_out"] == 100 - 13
    with pytest.raises(AdaSeqError) as caught:
        mcce(tiny_bert, max_length=7).encode([example], training=False)
    assert str(caught.value) == (
        "preprocessor.max_length is 7: no text and no mention fit beside the 6 special pieces and candidates; give at least 8"
    )


def test_a_candidate_must_be_a_type(tiny_bert):
    example = Example("1", ["mary"], [{"start": 0, "end": 1, "type": "", "candidates": ["persn"]}], origin="x.json:4")
    with pytest.raises(DataError, match=r"the candidate 'persn' is not among the labels; did you mean 'person'"):
        mcce(tiny_bert).encode([example], training=False)


def test_names_of_types_are_read_as_words(tiny_bert):
    preprocessor = MultiLabelConcatTypingMCCEPreprocessor(str(tiny_bert), labels=["new_york", "london"])
    new, london = preprocessor.label_pieces
    assert preprocessor.tokenizer.tokenizer.convert_ids_to_tokens(new) == ["new", "york"]
    assert preprocessor.tokenizer.tokenizer.convert_ids_to_tokens(london) == ["london"]


def test_without_a_backbone_types_are_words_of_the_vocabulary():
    preprocessor = with_words(MultiLabelConcatTypingMCCEPreprocessor(is_word2vec=True, labels=LABELS))
    (_, row) = unpack(preprocessor.encode([EXAMPLE], training=False)[0])
    known = preprocessor.vocabulary.words
    assert [known[i] for i in row["input_ids"]] == [*EXAMPLE.tokens, "[SEP]", "london", "[type 2]", "[type 1]"]
    assert row["num_words"] == len(row["input_ids"]) and np.array_equal(row["candidates"], [2, 1])
