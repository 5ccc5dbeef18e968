"""The JSON Schema (Draft 2020-12) of a whole configuration, from which editors check and complete.

Every `type:` has a definition of its own with the arguments of that class; which one holds depends on the `type` that is
written. Where a number or a list is wanted, a variable (`${NAME}`) may stand too.
"""

from __future__ import annotations

import urllib.parse
from collections.abc import Mapping
from typing import Any

from adaseq.config.checks import TASKS
from adaseq.config.docstrings import summary
from adaseq.config.document import plain
from adaseq.config.pairing import LR_SCHEDULER, MODEL_OF_TASK, PARTNERS
from adaseq.config.sections import Dataset, OptimizerExtras, ParameterGroup, SchedulerExtras, Sections
from adaseq.config.signatures import Argument, Signature, signature_of
from adaseq.config.validation import Section, json_schema_of
from adaseq.metainfo import Embedders, Formats
from adaseq.registry import (
    DATA_COLLATORS,
    EMBEDDERS,
    FORMATS,
    HOOKS,
    LR_SCHEDULERS,
    METRICS,
    MODELS,
    OPTIMIZERS,
    PREPROCESSORS,
    TRAINERS,
    Registry,
)

Schema = dict[str, Any]

_VARIABLE = {
    "type": "string",
    "pattern": r"\$",
    "description": "a variable of the environment: ${NAME} or ${NAME|default}",
}
_MODEL = MODEL_OF_TASK[TASKS[0]]
# What a block without `type` is.
_DEFAULT_TYPES = {
    MODELS.kind: _MODEL,
    PREPROCESSORS.kind: PARTNERS[_MODEL].preprocessor,
    DATA_COLLATORS.kind: PARTNERS[_MODEL].data_collator,
    EMBEDDERS.kind: Embedders.TRANSFORMER,
    OPTIMIZERS.kind: "AdamW",
    LR_SCHEDULERS.kind: LR_SCHEDULER["type"],
}
_EXTRAS: dict[str, type[Section]] = {OPTIMIZERS.kind: OptimizerExtras, LR_SCHEDULERS.kind: SchedulerExtras}
# Spellings of AdaSeq 0.6 that are understood.
_OLD_KEYS: dict[str, Schema] = {
    "param_group": {"description": "the same as param_groups"},
    "dev": {"description": "the same as valid"},
    "lower": {"type": "boolean", "description": "the same as preprocessor.lowercase"},
    "bio2bioes": {"type": "boolean", "description": "has no effect; see preprocessor.tag_scheme"},
}


def json_schema() -> Schema:
    """The schema of everything that is registered now."""
    schema = Sections.model_json_schema()
    definitions = schema.pop("$defs")
    writer = _SchemaWriter(definitions)
    for definition in (schema, *definitions.values()):
        _tidy(definition)
    properties = schema["properties"]
    properties["task"].update({"enum": list(TASKS)})
    properties["plugins"] = _described({"anyOf": [properties["plugins"], {"type": "string"}]}, properties["plugins"])
    for name, registry in (("model", MODELS), ("preprocessor", PREPROCESSORS), ("data_collator", DATA_COLLATORS)):
        properties[name] = _described(writer.component(registry), properties[name])
    train = definitions["Train"]["properties"]
    train["trainer"].update(writer.name_of(TRAINERS))
    train["optimizer"] = _described(writer.component(OPTIMIZERS), train["optimizer"])
    train["lr_scheduler"] = _described(writer.component(LR_SCHEDULERS), train["lr_scheduler"])
    train["hooks"] = _described({"type": "array", "items": writer.component(HOOKS)}, train["hooks"])
    metric = writer.component(METRICS)
    metrics = definitions["Evaluation"]["properties"]["metrics"]
    definitions["Evaluation"]["properties"]["metrics"] = _described(
        {"anyOf": [metric, {"type": "array", "items": metric}]}, metrics
    )
    properties["dataset"] = _described(writer.dataset(), properties["dataset"])
    del definitions["Dataset"], definitions["ParameterGroup"]
    definitions["variable"] = _VARIABLE
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "AdaSeq configuration",
        **schema,
        "required": ["task", "dataset", "model"],
        "$defs": dict(sorted(definitions.items())),
    }


class _SchemaWriter:
    """Collects a definition for each component.

    Args:
        definitions: gets them.
    """

    def __init__(self, definitions: dict[str, Schema]) -> None:
        self._definitions = definitions
        for extras in (OptimizerExtras, SchedulerExtras, ParameterGroup):
            nested = extras.model_json_schema().pop("$defs", {})
            for name, definition in nested.items():
                definitions.setdefault(name, definition)

    def component(self, registry: Registry) -> Schema:
        """A reference to the definition of a kind of component, which is written on first use."""
        name = registry.kind
        if name not in self._definitions:
            self._definitions[name] = {}  # components may nest in their own kind
            self._definitions[name] = self._one_of(registry)
        return _reference(name)

    def name_of(self, registry: Registry) -> Schema:
        """The schema of a `type:`."""
        return {
            "anyOf": [{"enum": registry.names()}, {"type": "string", "pattern": ":", "description": "module:Class"}]
        }

    def dataset(self) -> Schema:
        """The section `dataset`, whose keys depend on `data_type`."""
        own = _tidy(Dataset.model_json_schema())["properties"]
        own["data_file"] = _described(_data_files(), own["data_file"])
        own["data_type"] = _described(self.name_of(FORMATS), own["data_type"])
        own.update({key: {**_OLD_KEYS[key], "deprecated": True} for key in ("lower", "bio2bioes")})
        cases = []
        for name in FORMATS.names():
            component = FORMATS.get(name)
            arguments = self._arguments(signature_of(FORMATS, component))
            definition = _closed({**own, **arguments}, summary(component))
            is_default = name == Formats.TABLE
            cases.append(self._case(f"dataset {name}", "data_type", name, definition, is_default=is_default))
        ways = [{"required": [key]} for key in ("data_type", "path", "name", "transform")]
        block: Schema = {"type": "object", "properties": own, "anyOf": ways, "allOf": cases}
        self._definitions["corpus"] = {**block, "description": "one of several corpora"}
        own["corpora"] = _described({"type": "array", "items": _reference("corpus"), "minItems": 1}, own["corpora"])
        several: Schema = {"type": "object", "required": ["corpora"]}
        return {
            **{key: each for key, each in block.items() if key == "properties"},
            "type": ["object", "array"],
            "items": _reference("corpus"),
            "if": {"type": "object", "not": several},
            "then": {"anyOf": ways, "allOf": cases},
        }

    def _one_of(self, registry: Registry) -> Schema:
        default = _DEFAULT_TYPES.get(registry.kind)
        cases = []
        for name in registry.names():
            component = registry.get(name)
            known = signature_of(registry, component)
            arguments = self._arguments(known)
            properties = {
                "type": {"description": summary(component)},
                **arguments,
                **self._extras(registry, name, arguments),
            }
            if registry is PREPROCESSORS:
                properties.update({key: {**_OLD_KEYS[key], "deprecated": True} for key in ("lower", "bio2bioes")})
            required = [each.name for each in known.arguments.values() if each.is_required]
            definition = _closed(properties, summary(component), required, known.is_open)
            cases.append(self._case(f"{registry.kind} {name}", "type", name, definition, is_default=name == default))
        block: Schema = {"type": "object", "properties": {"type": self.name_of(registry)}, "allOf": cases}
        if default is None:
            block["required"] = ["type"]
        return {"anyOf": [self.name_of(registry), block]}

    def _case(self, key: str, discriminator: str, name: str, definition: Schema, is_default: bool = False) -> Schema:
        self._definitions[key] = definition
        condition: Schema = {"properties": {discriminator: {"const": name}}}
        if not is_default:
            condition["required"] = [discriminator]
        return {"if": condition, "then": _reference(key)}

    def _arguments(self, known: Signature) -> dict[str, Schema]:
        return {each.name: self._argument(each, known.help.get(each.name)) for each in known.arguments.values()}

    def _argument(self, argument: Argument, help_text: str | None) -> Schema:
        hint = argument.component
        if hint is None:
            schema = _tidy(json_schema_of(argument.annotation))
            self._definitions.update(schema.pop("$defs", {}))
        else:
            schema = self.component(hint.registry)
            schema = {"type": "array", "items": schema} if hint.many else schema
        if argument.may_be_null and schema:
            options = schema.get("anyOf", [schema])
            schema = {"anyOf": [*(each for each in options if each != {"type": "null"}), {"type": "null"}]}
        schema = _or_variable(schema)
        default = plain(argument.default)
        if not argument.is_offered and isinstance(default, (str, int, float, list, type(None))):
            schema = {**schema, "default": default}
        return {"description": help_text, **schema} if help_text else schema

    def _extras(self, registry: Registry, component: str, arguments: Mapping[str, Schema]) -> dict[str, Schema]:
        """The keys that a kind of component has beside the arguments of its constructor."""
        if registry.kind not in _EXTRAS:
            return {}
        properties: dict[str, Schema] = _tidy(_EXTRAS[registry.kind].model_json_schema())["properties"]
        if registry is OPTIMIZERS:
            own = _tidy(ParameterGroup.model_json_schema())["properties"]
            options = {name: {k: v for k, v in each.items() if k != "default"} for name, each in arguments.items()}
            self._definitions[f"parameter group {component}"] = _closed({**own, **options}, "", ["regex"])
            groups = {"type": "array", "items": _reference(f"parameter group {component}")}
            properties["param_groups"] = _described(groups, properties["param_groups"])
            properties["param_group"] = {**groups, **_OLD_KEYS["param_group"], "deprecated": True}
        return properties


def _reference(definition: str) -> Schema:
    return {"$ref": f"#/$defs/{urllib.parse.quote(definition)}"}


def _data_files() -> Schema:
    file: Schema = {"anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}]}
    splits: dict[str, Schema] = {name: file for name in ("train", "valid", "test")}
    splits["dev"] = {**file, **_OLD_KEYS["dev"], "deprecated": True}
    splits["cand"] = {
        "type": "string",
        "description": "a JSON file with the candidates of each mention, for entity typing",
    }
    return {"anyOf": [{"type": "string"}, _closed(splits, "the files of each split")]}


def _closed(
    properties: Mapping[str, Schema], description: str, required: list[str] | None = None, is_open: bool = False
) -> Schema:
    """An object that has no other keys."""
    schema: Schema = {"type": "object", "properties": dict(properties)}
    if description:
        schema = {"description": description, **schema}
    if required:
        schema["required"] = required
    return schema if is_open else {**schema, "additionalProperties": False}


def _described(schema: Schema, old: Mapping[str, Any]) -> Schema:
    """A schema with the description of the one that it replaces."""
    return {**({"description": old["description"]} if "description" in old else {}), **schema}


def _or_variable(schema: Schema) -> Schema:
    """Let a variable stand where text is not allowed anyway."""
    options = schema.get("anyOf", [schema])
    takes_text = any(each.get("type") == "string" and "enum" not in each for each in options)
    is_reference = any("$ref" in each for each in options)
    if not schema or takes_text or is_reference or all(each.get("type") == "object" for each in options):
        return schema
    outer: Schema = {key: schema[key] for key in ("description", "default") if key in schema}
    inner = [{key: value for key, value in each.items() if key not in outer} for each in options]
    return {**outer, "anyOf": [*inner, {"$ref": "#/$defs/variable"}]}


def _tidy(schema: Schema) -> Schema:
    """Without the titles that pydantic makes of names; in properties, variables are allowed. In place."""
    if isinstance(schema.get("title"), str):
        del schema["title"]
    for name, each in list(schema.get("properties", {}).items()):
        schema["properties"][name] = _or_variable(_tidy(each))
    for key in ("items", "additionalProperties"):
        if isinstance(schema.get(key), dict):
            _tidy(schema[key])
    for key in ("anyOf", "oneOf", "allOf", "prefixItems"):
        for each in schema.get(key, []):
            _tidy(each)
    for each in schema.get("$defs", {}).values():
        _tidy(each)
    return schema
