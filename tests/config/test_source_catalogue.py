"""Signatures from source code are those of the classes."""

from __future__ import annotations

import pytest
import torch

from adaseq import metainfo
from adaseq.config.document import Document
from adaseq.config.pairing import MODEL_OF_TASK
from adaseq.config.signatures import signature_of
from adaseq.config.source_catalogue import SourceCatalogue
from adaseq.config.validation import describe
from adaseq.registry import (
    DATA_COLLATORS,
    DECODERS,
    EMBEDDERS,
    ENCODERS,
    FORMATS,
    HOOKS,
    INPUTS,
    LABEL_DECODERS,
    LOSSES,
    LR_SCHEDULERS,
    METRICS,
    MODELS,
    OPTIMIZERS,
    PREPROCESSORS,
    SPLITTERS,
    TRAINERS,
    Registry,
)

KINDS = (
    MODELS,
    EMBEDDERS,
    ENCODERS,
    LOSSES,
    INPUTS,
    PREPROCESSORS,
    DATA_COLLATORS,
    HOOKS,
    METRICS,
    FORMATS,
    LR_SCHEDULERS,
)
# Of a type that is defined elsewhere, so that the source of the component does not tell it.
ELSEWHERE = {"pooling", "sentence_pooling", "lookup"}
# Registered by a call, not by a decorator; its arguments are those of torch's ReduceLROnPlateau.
CALLED = {"reduce_lr_on_plateau"}


@pytest.mark.parametrize("registry", KINDS, ids=lambda registry: registry.kind)
def test_the_source_registers_what_the_classes_do(registry: Registry) -> None:
    of_torch = {name for name in registry.names() if hasattr(torch.optim.lr_scheduler, name)}
    ours = {name for name in registry.names() if registry.get(name).__module__.startswith("adaseq.")}
    assert set(SourceCatalogue().names(registry)) >= ours - CALLED - of_torch


@pytest.mark.parametrize("names", [each for each in vars(metainfo).values() if isinstance(each, type)])
def test_public_names_are_registered_and_registered_names_are_public(names: type) -> None:
    public = {value for key, value in vars(names).items() if key.isupper()}
    registry = {
        metainfo.Models: MODELS,
        metainfo.Embedders: EMBEDDERS,
        metainfo.Encoders: ENCODERS,
        metainfo.Decoders: DECODERS,
        metainfo.LabelDecoders: LABEL_DECODERS,
        metainfo.Losses: LOSSES,
        metainfo.Inputs: INPUTS,
        metainfo.Preprocessors: PREPROCESSORS,
        metainfo.DataCollators: DATA_COLLATORS,
        metainfo.Formats: FORMATS,
        metainfo.Splitters: SPLITTERS,
        metainfo.Metrics: METRICS,
        metainfo.Hooks: HOOKS,
        metainfo.Trainers: TRAINERS,
    }.get(names)
    if registry is None:
        assert names is metainfo.Tasks and public == set(MODEL_OF_TASK)
    else:
        assert public == {name for name in registry.names() if registry.get(name).__module__.startswith("adaseq.")}


@pytest.mark.parametrize(
    ("registry", "name"),
    [(registry, name) for registry in KINDS for name in SourceCatalogue().names(registry)],
    ids=lambda value: value if isinstance(value, str) else value.kind,
)
def test_signatures_from_source_are_those_of_the_classes(registry: Registry, name: str) -> None:
    from_source = SourceCatalogue().find(Document(), registry, name, ())
    from_class = signature_of(registry, registry.get(name))
    assert from_source is not None
    assert from_source.supplied == from_class.supplied
    assert {name: from_class.help.get(name) for name in from_source.help} == from_source.help
    assert list(from_source.arguments) == list(from_class.arguments)
    for argument, expected in zip(from_source.arguments.values(), from_class.arguments.values(), strict=True):
        assert (argument.component, argument.is_required) == (expected.component, expected.is_required)
        assert argument.default == expected.default or argument.default is ...
        if expected.component is None and argument.name not in ELSEWHERE:
            assert argument.annotation == expected.annotation


@pytest.mark.parametrize(
    ("registry", "name"),
    [
        *((OPTIMIZERS, each) for each in ("AdamW", "SGD")),
        *((LR_SCHEDULERS, each) for each in ("LinearLR", "OneCycleLR")),
    ],
    ids=lambda value: value if isinstance(value, str) else value.kind,
)
def test_the_source_of_torch_is_read_too(registry: Registry, name: str) -> None:
    found = SourceCatalogue().find(Document(), registry, name, ())
    expected = signature_of(registry, registry.get(name))
    assert found is not None and list(found.arguments) == list(expected.arguments)
    wanted = {name: describe(argument.annotation) for name, argument in expected.arguments.items()}
    assert {name: describe(argument.annotation) for name, argument in found.arguments.items()} == wanted


def test_a_schedule_is_no_optimizer() -> None:
    assert SourceCatalogue().find(Document(), OPTIMIZERS, "LinearLR", ()) is None


def test_what_the_source_does_not_tell_is_left_alone() -> None:
    document, catalogue = Document(), SourceCatalogue()
    assert catalogue.find(document, MODELS, "sequence-labeling-model", ()) and catalogue.found_all
    for name in ("no-such-model", "package.module:Class", 3):
        assert catalogue.find(document, MODELS, name, ()) is None
    assert not document.problems and not catalogue.found_all
