"""The model that learns mentions, their types, and to look for types that it is asked for."""

from __future__ import annotations

import copy
from pathlib import Path

import pytest
import torch

import adaseq
from adaseq.data.example import Example
from adaseq.errors import AdaSeqError, ModelError
from adaseq.metrics.pretraining import PretrainingMetric
from adaseq.models.assembly import build_collator, build_model, build_preprocessor
from adaseq.models.model_folder import load_model_folder, save_model_folder
from adaseq.modules.prompts import prompt_table, with_prompts
from tests.trained import sentences

COLLATOR = "PretrainingDataCollatorWithPadding"


class Built:
    """The model, with what makes its batches."""

    def __init__(self, backbone: Path, labels=("LOC", "PER"), preprocessor=None, **options) -> None:
        block = {
            "type": "pretraining-model",
            "embedder": {"type": "transformer-embedder", "model_name_or_path": str(backbone)},
            **options,
        }
        section = {"type": "pretraining-preprocessor", **(preprocessor or {})}
        self.config = {"task": "pretraining", "model": block, "preprocessor": section, "data_collator": COLLATOR}
        self.preprocessor = build_preprocessor(section, block, list(labels))
        torch.manual_seed(0)
        self.model = build_model(block, self.preprocessor)
        self.collator = build_collator(COLLATOR, self.preprocessor)

    def batch(self, examples, training=True):
        features = self.preprocessor.encode(examples, training)
        return self.collator([{**each, "index": i} for i, each in enumerate(features)])

    def train(self, examples, steps=60, lr=5e-3):
        torch.manual_seed(1)
        optimizer = torch.optim.AdamW(self.model.parameters(), lr=lr)
        batch = self.batch(examples)
        for _ in range(steps):
            optimizer.zero_grad()
            self.model.train()(batch)["loss"].backward()
            optimizer.step()
        self.model.eval()


@pytest.fixture(scope="module")
def trained(tiny_bert):
    built = Built(tiny_bert, preprocessor={"type_names": {"LOC": "london", "PER": "mary"}})
    built.train(sentences())
    return built


def found(predictions):
    return [{(span["start"], span["end"], span["type"]) for span in each["spans"]} for each in predictions]


GOLD = [{(span["start"], span["end"], span["type"]) for span in each.spans} for each in sentences()]


def test_it_learns_to_find_and_to_type_and_to_look_for_what_it_is_asked(trained):
    model, batch = trained.model, trained.batch(sentences(), training=False)
    with torch.no_grad():
        assert found(model.decode(batch)) == GOLD
        model.set_prompts(trained.preprocessor.pieces_of_prompts(["PER"]))
        people = model.decode(batch, with_prob=True)
        model.set_prompts(trained.preprocessor.pieces_of_prompts(["LOC", "PER"]))
        both = model.decode(batch)
        model.set_prompts({})
    assert found(people) == [{each for each in gold if each[2] == "PER"} for gold in GOLD]
    assert all(each["prompted"] and 0 < span["prob"] <= 1 for each in people for span in each["spans"])
    assert found(both) == GOLD


def test_a_mention_may_have_several_types(tiny_bert):
    spans = [
        {"start": 0, "end": 1, "type": "", "types": ["person", "artist"]},
        {"start": 2, "end": 3, "type": "", "types": ["city"]},
    ]
    example = Example("1", ["mary", "in", "london"], spans)
    built = Built(tiny_bert, labels=["artist", "city", "person"])
    assert built.batch([example])["cells"].tolist() == [[0, 0, 0, 0], [0, 0, 0, 2], [0, 2, 2, 1]]
    built.train([example], 40)
    with torch.no_grad():
        predictions = built.model.decode(built.batch([example], training=False))
    assert found(predictions) == [{(0, 1, "artist"), (0, 1, "person"), (2, 3, "city")}]
    metric = PretrainingMetric()
    scores = metric.compute([metric.measure(example, predictions[0])])
    assert scores["f1"] == scores["typing_f1"] == scores["ident_f1"] == 1.0


def test_twostage_begins_with_its_parts(trained, tiny_bert, tmp_path):
    save_model_folder(tmp_path / "pretrained", trained.model, trained.preprocessor, trained.config)
    parts = ["embedder", "ident_linear", "crf", "span_encoder"]
    block = {
        "type": "twostage-ner-model",
        "embedder": {"type": "transformer-embedder", "model_name_or_path": str(tiny_bert)},
        "load_parts": parts,
        "model_helper_path": str(tmp_path / "pretrained"),
    }
    preprocessor = build_preprocessor({"type": "twostage-preprocessor"}, block, ["CITY", "PERSON", "SHIP"])
    own, theirs = build_model(block, preprocessor).state_dict(), trained.model.state_dict()
    taken = [name for name in own if name.partition(".")[0] in parts]
    assert len(taken) > 20 and all(torch.equal(own[name], theirs[name]) for name in taken)
    assert own["typing_linear.weight"].shape != theirs["typing_linear.weight"].shape


def test_types_to_ask_for_are_saved_with_the_model(tiny_bert, tmp_path):
    built = Built(tiny_bert, preprocessor={"prompts": ["ship", "PER"], "type_names": {"PER": "mary smith"}})
    save_model_folder(tmp_path / "model", built.model, built.preprocessor, built.config)
    loaded = load_model_folder(tmp_path / "model")
    assert loaded.preprocessor.prompts == ["ship", "PER"]
    batch = built.batch(sentences(), training=False)
    with torch.no_grad():
        built.model.eval()
        assert loaded.model.decode(batch) == built.model.decode(batch)
    assert {span["type"] for each in built.model.decode(batch) for span in each["spans"]} <= {"ship", "PER"}


def test_a_predictor_asks_for_any_type(trained, trained_folder, tmp_path):
    save_model_folder(tmp_path / "model", trained.model, trained.preprocessor, trained.config)
    text = "mary smith works in london ."
    everything = adaseq.load(tmp_path / "model")(text)["output"]
    assert [(each["type"], each["span"]) for each in everything] == [("PER", "mary smith"), ("LOC", "london")]
    (people,) = adaseq.load(tmp_path / "model", prompts=["PER"])(text)["output"]
    assert (people["type"], people["span"]) == ("PER", "mary smith") and 0 < people["prob"] <= 1
    asked = adaseq.load(tmp_path / "model", prompts=["ship", "LOC"])
    assert asked.types == ["ship", "LOC"]
    assert {each["type"] for each in asked(text)["output"]} <= {"ship", "LOC"}
    with pytest.raises(ModelError) as error:
        adaseq.load(trained_folder, prompts=["PER"])
    assert str(error.value) == (
        "SequenceLabelingModel finds the types that it has learned and cannot be asked for others (prompts); "
        "pretraining-model can"
    )


def test_prompts_stand_behind_each_text():
    tokens = {
        "input_ids": torch.tensor([[1, 5, 6, 2], [1, 7, 2, 0]]),
        "attention_mask": torch.tensor([[True] * 4, [True] * 3 + [False]]),
    }
    prompts = prompt_table([[8, 2], [9, 10, 2]])
    asked = with_prompts(tokens, prompts)
    assert asked["input_ids"].tolist() == [[1, 5, 6, 2, 8, 2, 0], [1, 7, 2, 9, 10, 2, 0]]
    assert asked["attention_mask"].sum(1).tolist() == [6, 6]
    assert asked["token_type_ids"].tolist() == [[0, 0, 0, 0, 1, 1, 0], [0, 0, 0, 1, 1, 1, 0]]
    same = with_prompts(tokens, prompts[:1])
    assert same["input_ids"].tolist() == [[1, 5, 6, 2, 8, 2, 0], [1, 7, 2, 8, 2, 0, 0]]


def test_a_long_text_leaves_room_for_the_prompt(tiny_bert):
    built = Built(tiny_bert, preprocessor={"max_length": 20, "prompt_length": 3, "prompts": ["city"]})
    long = Example("1", ["in", "london"] * 30, [])
    batch = built.batch([long], training=False)
    assert batch["tokens"]["input_ids"].shape[1] == 20 - 3 - 1 and "stitch" in batch["tokens"]
    assert len(built.model.eval().decode(batch)) == 1
    assert (
        built.preprocessor.pieces_of_prompts(["in the london of new york"])["in the london of new york"].__len__() == 4
    )


def test_the_tags_with_a_prompt_are_those_of_its_type_alone(tiny_bert):
    built = Built(tiny_bert)
    batch = built.batch(sentences()[:2])
    before = copy.deepcopy(batch["ident_ids"])
    people = built.model._tags_of(batch, torch.tensor([1, 1]))
    places = built.model._tags_of(batch, torch.tensor([0, 0]))
    assert torch.equal(batch["ident_ids"], before)
    assert torch.equal(torch.maximum(people, places), before)
    assert people[0].tolist() == [1, 3, 0, 0, 0, 0, 0] and places[0].tolist()[4:6] == [1, 3]


def test_what_prompts_need_is_asked_for(tiny_bert):
    with pytest.raises(AdaSeqError) as error:
        Built(tiny_bert, preprocessor={"max_length": 10})
    assert str(error.value) == (
        "preprocessor.max_length is 10: no word fits beside a prompt, which takes 9 pieces; raise it, or lower prompt_length"
    )
    with pytest.raises(AdaSeqError) as error:
        Built(tiny_bert, labels=["_"])
    assert str(error.value) == "the type '_' has no name for a prompt; give one: preprocessor.type_names"


def test_scores_say_how_mentions_were_found():
    metric = PretrainingMetric(return_class_level_metric=True)
    example = Example("1", list("abcd"), [{"start": 0, "end": 1, "type": "X"}, {"start": 2, "end": 4, "type": "Y"}])
    spans = [{"start": 0, "end": 1, "type": "Y"}, {"start": 2, "end": 4, "type": "Y"}]
    scores = metric.compute([metric.measure(example, {"spans": spans, "prompted": ["X", "Y"]})])
    assert scores["ident_f1"] == 1.0 and scores["prompt_f1"] == scores["f1"] == 0.5 and "typing_f1" not in scores
    only = metric.compute([metric.measure(example, {"spans": spans, "prompted": ["Y"]})])
    assert (only["precision"], only["recall"]) == (0.5, 1.0)
    assert scores["Y"] == {"precision": 0.5, "recall": 1.0, "f1": 0.6667, "support": 1}
