"""What a predictor can be asked for beside the best reading: thresholds, readings, candidates, a dictionary."""

from __future__ import annotations

import itertools
import random
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import torch

from adaseq.data.tags import TagError, tags_to_spans
from adaseq.errors import AdaSeqError, ModelError
from adaseq.inference.dictionary import Dictionary
from adaseq.inference.least_probability import Threshold
from adaseq.inference.predictor import Predictor, load
from tests.inference.untrained import SPAN_MODELS, TAGGERS, WORDS, found, untrained, untrained_folder

SENTENCES = [{"tokens": WORDS[:length]} for length in (6, 1, 3)]
CONTEXT = {"tokens": WORDS, "mask": [True, False, True, True, True, True, False, False, True]}
ABLE = {**SPAN_MODELS, **TAGGERS}


@pytest.mark.parametrize("name", TAGGERS)
@pytest.mark.parametrize("seed", range(3))
def test_readings_are_the_most_probable_tag_paths(name: str, seed: int) -> None:
    """Against the probabilities of all tag paths of three words."""
    predictor = untrained(TAGGERS[name], seed, n_best=4)
    model: Any = predictor.model
    example = predictor.example({"tokens": WORDS[:3]})
    batch = predictor.collator([{**predictor.preprocessor.encode([example], training=False)[0], "index": 0}])
    with torch.inference_mode():
        scores, mask = model.emissions(batch)
        paths = torch.tensor(list(itertools.product(range(scores.shape[2]), repeat=3)))
        log_likelihood = model.decoder(scores.expand(len(paths), -1, -1), paths, mask.expand(len(paths), -1), "none")
    order = log_likelihood.argsort(descending=True)
    best: list[tuple[list[str], float]] = []
    seen: set[Any] = set()
    for number in order.tolist():
        prediction = model._reading(paths[number].tolist())
        if name == "constrained" and not is_legal(prediction["tags"]):
            continue
        key = repr(prediction["spans"])
        if key not in seen:
            seen.add(key)
            best.append((prediction["tags"], log_likelihood[number].exp().item()))
    ((_, prediction),) = predictor.predict([{"tokens": WORDS[:3]}])
    readings = prediction["readings"]
    assert [reading["tags"] for reading in readings] == [tags for tags, _ in best[:4]]
    assert [reading["prob"] for reading in readings] == pytest.approx([prob for _, prob in best[:4]], rel=1e-3)


def is_legal(tags: list[str]) -> bool:
    try:
        return bool(tags_to_spans(tags, "BIOES", strict=True)) or True
    except TagError:
        return False


@pytest.mark.parametrize("name", TAGGERS)
def test_the_first_reading_is_the_result(name: str) -> None:
    one, many = untrained(TAGGERS[name]), untrained(TAGGERS[name], n_best=3)
    inputs = [*SENTENCES, CONTEXT, {"tokens": []}, {"tokens": ["<EOS>", "john"]}]
    for single, several in zip(one(inputs), many(inputs), strict=True):
        assert found(single) == found(several)
        if several["output"]:
            assert several["readings"][0]["output"] == several["output"]
            probabilities = [reading["prob"] for reading in several["readings"]]
            assert probabilities == sorted(probabilities, reverse=True) and sum(probabilities) <= 1 + 1e-5
            assert len({repr(reading["output"]) for reading in several["readings"]}) == len(probabilities) == 3
    (empty,) = many([{"tokens": ["<EOS>", "john"]}])
    assert empty["readings"] == [{"prob": 1.0, "output": []}]


@pytest.mark.parametrize("name", SPAN_MODELS)
@pytest.mark.parametrize("seed", range(2))
def test_candidates_hold_what_is_found_and_more(name: str, seed: int) -> None:
    inputs = [*SENTENCES, CONTEXT, {"tokens": []}]
    least = 0.02
    best = untrained(SPAN_MODELS[name], seed)(inputs)
    all_of_them = untrained(SPAN_MODELS[name], seed, candidates=True, min_probability=least)(inputs)
    few = untrained(SPAN_MODELS[name], seed, candidates=True, min_probability=0.3)(inputs)
    assert sum(len(result["output"]) for result in all_of_them) > sum(len(result["output"]) for result in best)
    for result, candidates, probable in zip(best, all_of_them, few, strict=True):
        key = ("type", "token_start", "token_end", "token_parts")
        known = {tuple(str(each.get(name)) for name in key): each["prob"] for each in candidates["output"]}
        assert all(prob >= least for prob in known.values())
        for each in result["output"]:
            if each["prob"] >= least:
                assert known[tuple(str(each.get(name)) for name in key)] == pytest.approx(each["prob"], abs=1e-5)
        assert len(probable["output"]) == sum(prob >= 0.3 for prob in known.values())


def test_candidates_are_all_cells_of_a_pointer() -> None:
    predictor = untrained(SPAN_MODELS["pointer"], candidates=True, min_probability=1e-9)
    result = predictor({"tokens": WORDS[:4]})
    assert len(result["output"]) == 4 * 5 // 2 * 3


@pytest.mark.parametrize("name", ABLE)
@pytest.mark.parametrize("seed", range(3))
def test_a_forced_dictionary_is_what_is_found(name: str, seed: int) -> None:
    entries = {"mary smith": "TIME", "in": "PER", "new york and": "LOC"}
    predictor = untrained(ABLE[name], seed, dictionary=entries, dictionary_mode="force")
    result = predictor({"tokens": WORDS})
    expected = {("TIME", 0, 2), ("PER", 3, 4), ("LOC", 4, 7)}
    assert expected <= found(result)
    whole = [each for each in result["output"] if "parts" not in each]
    probabilities = {(each["type"], each["token_start"], each["token_end"]): each["prob"] for each in whole}
    assert [probabilities[each] for each in expected] == pytest.approx([1.0] * 3, abs=1e-4)
    if name not in ("biaffine-nested", "pointer", "w2ner"):
        taken = {(start, end) for _, start, end in expected}
        others = {(start, end) for _, start, end in found(result)} - taken
        assert all(start >= 7 or (start, end) == (2, 3) for start, end in others)


@pytest.mark.parametrize("name", ABLE)
def test_among_context_words_only_labelled_ones_are_matched(name: str) -> None:
    entries = {"mary smith": "TIME", "works in": "PER"}
    predictor = untrained(ABLE[name], dictionary=entries, dictionary_mode="force")
    free, guided = untrained(ABLE[name])([CONTEXT, SENTENCES[0]]), predictor([CONTEXT, SENTENCES[0]])
    assert ("PER", 2, 4) in found(guided[0])
    assert ("TIME", 0, 2) not in found(guided[0]) - found(free[0])
    assert {("TIME", 0, 2), ("PER", 2, 4)} <= found(guided[1])


@pytest.mark.parametrize("name", ABLE)
def test_a_preferred_dictionary_wins_when_its_bonus_is_high_enough(name: str) -> None:
    entries = {"works in": "TIME"}
    weak = untrained(ABLE[name], dictionary=entries, dictionary_bonus=1e-6)(SENTENCES)
    assert [found(each) for each in weak] == [found(each) for each in untrained(ABLE[name])(SENTENCES)]
    strong = untrained(ABLE[name], dictionary=entries, dictionary_bonus=200.0)(SENTENCES[0])
    assert ("TIME", 2, 4) in found(strong)


def test_a_dictionary_can_be_swapped_at_any_time(trained_folder: Path) -> None:
    predictor = load(trained_folder, dictionary_mode="force")
    text = "mary works in london ."
    usual = predictor(text)
    assert predictor.dictionary is None
    predictor.dictionary = {"works in": "LOC"}
    assert ("LOC", "works in") in {(each["type"], each["span"]) for each in predictor(text)["output"]}
    stream = predictor.stream([text] * 4, read_ahead=2)
    first = next(stream)
    predictor.dictionary = None
    assert list(stream) == [first] * 3, "a call goes on with the dictionary that it began with"
    assert predictor(text) == usual
    predictor.dictionary = Dictionary({"works": "PER"}, mode="prefer", bonus=100.0)
    assert predictor.dictionary.mode == "prefer"
    assert ("PER", "works") in {(each["type"], each["span"]) for each in predictor(text)["output"]}
    with pytest.raises(AdaSeqError, match="which the model does not know; did you mean 'PER'"):
        predictor.dictionary = {"works": "PRE"}
    assert predictor.dictionary.entries == {"works": "PER"}, "a bad one changes nothing"


@pytest.mark.parametrize("name", ["crf", "constrained", "biaffine", "w2ner", "twostage"])
def test_threads_with_dictionaries_of_their_time(name: str) -> None:
    """Whichever dictionary a call met, its results are those of that dictionary alone, as one thread gives them."""
    dictionaries = [None, Dictionary({"works in": "TIME"}, "force"), Dictionary({"smith works": "LOC"}, "force")]
    draw = random.Random(3)
    inputs = [[{"tokens": draw.choices(WORDS, k=draw.randint(1, 9))} for _ in range(12)] for _ in range(16)]
    predictor = untrained(ABLE[name], batch_tokens=16)
    expected = []
    for dictionary in dictionaries:
        predictor.dictionary = dictionary
        expected.append([predictor(each) for each in inputs])

    def call(number: int) -> tuple[int, list[Any]]:
        predictor.dictionary = dictionaries[number % 3]
        return number, predictor(inputs[number])

    with ThreadPoolExecutor(4) as pool:
        for number, results in pool.map(call, list(range(16)) * 2):
            kept = [[found(each) for each in of_dictionary[number]] for of_dictionary in expected]
            assert [found(each) for each in results] in kept


@pytest.mark.parametrize(
    ("block", "options", "message"),
    [
        (
            TAGGERS["crf"],
            {"candidates": True},
            (
                "SequenceLabelingModel does not score spans one by one (candidates); these models do: biaffine-ner-model, "
                "global-pointer-model, twostage-ner-model, w2ner-model"
            ),
        ),
        (
            {"type": "text-classification-model"},
            {"dictionary": {"a": "LOC"}},
            "TextClassificationModel follows no dictionary; these models do: ",
        ),
        (
            SPAN_MODELS["pointer"],
            {"n_best": 2},
            "GlobalPointerModel does not rank the readings of a text (n_best); these models do: ",
        ),
    ],
)
def test_what_a_model_cannot_do_is_said(block: dict[str, Any], options: dict[str, Any], message: str) -> None:
    with pytest.raises(ModelError) as caught:
        untrained(block, **options)
    assert str(caught.value).startswith(message)
    assert "sequence-labeling-model" in str(caught.value) or "candidates" in options


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"n_best": 0}, "n_best must be at least 1; received 0"),
        (
            {"min_probability": {"PRE": 0.5}},
            "min_probability names the type 'PRE', which the model does not know; did you mean 'PER'?",
        ),
        ({"min_probability": {"PER": 2}}, "min_probability of 'PER' is a probability, from 0 to 1; received 2"),
        ({"min_probability": "0.5"}, "min_probability is a probability, from 0 to 1; received '0.5'"),
        ({"window_overlap": 3}, "this model sees a text as a whole: there are no windows for window_overlap"),
        (
            {"dictionary": {"mary": "LOC"}, "dictionary_mode": "must"},
            "the mode of a dictionary is prefer or force; received 'must'",
        ),
    ],
)
def test_options_are_checked(options: dict[str, Any], message: str) -> None:
    with pytest.raises(AdaSeqError) as caught:
        untrained(TAGGERS["crf"], **options)
    assert str(caught.value) == message
    with pytest.raises(AdaSeqError, match="give a min_probability above 0"):
        untrained(SPAN_MODELS["pointer"], candidates=True, min_probability=0)


def test_least_probabilities_by_type() -> None:
    threshold = Threshold({"A": 0.9, "*": 0.2}, ["A", "B"])
    given = [("A", 0.8), ("A", 0.9), ("B", 0.2), ("B", 0.1)]
    assert [threshold.passes(*each) for each in given] == [False, True, True, False]
    assert (threshold.lowest, threshold.is_open) == (0.2, False)
    assert Threshold({"A": 0.9}, ["A", "B"]).passes("B", 0.0)
    assert Threshold(None, []).is_open and Threshold(None, [], is_for_candidates=True).lowest == 0.05
    names = [
        each["type"]
        for each in untrained(TAGGERS["crf"], min_probability={"*": 1.0, "PER": 0.0})(SENTENCES[0])["output"]
    ]
    assert set(names) <= {"PER"} and names


def test_readings_obey_the_least_probability() -> None:
    results = untrained(TAGGERS["crf"], n_best=5, min_probability=0.4)(SENTENCES)
    probabilities = [each["prob"] for result in results for reading in result["readings"] for each in reading["output"]]
    assert min(probabilities) >= 0.4


def test_the_overlap_of_windows(trained_folder: Path) -> None:
    """It is counted in pieces, and changes how many windows a long text takes; not what is found in an easy one."""
    text = "mary smith works in new york . " * 40
    few, many = load(trained_folder, window_overlap=0), load(trained_folder, window_overlap=40)
    windows = [
        len(each.preprocessor.encode([each.example(text)], training=False)[0]["piece_lengths"]) for each in (few, many)
    ]
    assert windows[1] > 2 * windows[0] > 2
    assert [each["span"] for each in many(text)["output"]] == ["mary smith", "new york"] * 40
    with pytest.raises(AdaSeqError, match=r"window_overlap is 62; it must be at least 0 and less than the 62 pieces"):
        load(trained_folder, window_overlap=62)


@pytest.mark.parametrize("precision", ["bf16", "fp16"])
@pytest.mark.parametrize("name", ABLE)
def test_a_dictionary_in_half_precision(name: str, precision: Any) -> None:
    predictor = untrained(ABLE[name], precision=precision, dictionary={"works in": "TIME"}, dictionary_mode="force")
    assert ("TIME", 2, 4) in found(predictor({"tokens": WORDS}))


def test_a_long_entity_of_words_far_apart_is_forced() -> None:
    """The words of a long text are seen in windows by W2NER."""
    tokens = ["and"] * 500 + ["new", "york"] + ["and"] * 500
    predictor = Predictor(
        untrained_folder(SPAN_MODELS["w2ner"]), dictionary={"new york": "LOC"}, dictionary_mode="force"
    )
    with torch.no_grad():
        predictor.model.scorer.output.bias[0] += 50.0  # type: ignore[union-attr, operator]
    assert found(predictor({"tokens": tokens})) == {("LOC", 500, 502)}
