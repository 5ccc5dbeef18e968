"""Configurations drawn from the JSON Schema: legal by its letter, and nasty.

A walk through the schema of `adaseq schema`: wherever it leaves a choice, hypothesis chooses. What a schema cannot say (which
folder is a backbone, which files are data) is said by the one who draws, by the name of the key.
"""

from __future__ import annotations

import math
import urllib.parse
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from hypothesis import strategies as st

Schema = Mapping[str, Any]
Draw = Callable[[st.SearchStrategy[Any]], Any]
Own = Callable[["Walk"], Any]

_TEXTS = ["", "x", "名", "a b", "../x", "<b>", "\x1b[31m"]
_WIDE_INTEGERS = [-1, 0, 1, 2, 3, 5, 8, 13]
_WIDE_NUMBERS = [-1.0, 0.0, 1e-30, 1e-3, 0.1, 0.5, 0.999, 1, 2, 3.7, 1e6]
# Whole numbers that cost neither time nor memory, however big.
_CHEAP = {
    *("interval", "patience", "cooldown", "T_max", "step_size", "seed", "max_length", "min_count", "window_overlap", "total_iters"),
    *("chunk_num", "max_vectors", "max_checkpoint_num", "start_idx", "timescale", "T_0", "max_ngrams", "token_budget", "top_k"),
    *("num_decay_steps", "warmup_iters", "batch_size_per_gpu", "bucket_cap_mb", "milestones"),
}  # fmt: skip
_BIG = 10**9


class Walk:
    """One walk through a schema.

    Args:
        draw: chooses.
        schema: the whole schema.
        own: what is drawn for the key of some name, wherever it stands, instead of what the schema says.
        most: how many optional keys of a mapping are set at most.

    Attributes:
        inside: the type of the component whose arguments are being drawn.
    """

    def __init__(self, draw: Draw, schema: Schema, own: Mapping[str, Own], most: int = 3) -> None:
        self.draw, self._schema, self._own, self._most = draw, schema, own, most
        self._depth = 0
        self.inside = ""

    def choice(self, values: Sequence[Any]) -> Any:
        """One of some values."""
        return self.draw(st.sampled_from(list(values)))

    def chance(self, one_in: int) -> bool:
        """True once in so many times."""
        return self.draw(st.integers(1, one_in)) == one_in

    def component(self, kind: str, name: str | None = None) -> dict[str, Any]:
        """A block of a kind of component, such as `encoder`; of a given type, or of any."""
        found = self._resolved({"$ref": f"#/$defs/{urllib.parse.quote(kind)}"})
        return self._component(found["anyOf"][1], name)

    def section(self, name: str) -> dict[str, Any]:
        """A section by the name of its definition, such as `Train`."""
        return self._mapping(self._schema["$defs"][name])

    def of(self, schema: Schema, key: str = "") -> Any:
        """A value.

        Args:
            schema: what it shall be.
            key: where it stands.
        """
        if key in self._own:
            return self._own[key](self)
        schema = self._resolved(schema)
        if "const" in schema:
            return schema["const"]
        if "enum" in schema:
            return self.choice(schema["enum"])
        if "anyOf" in schema:
            options = [each for each in schema["anyOf"] if not _is_escape(each)]
            blocks = [each for each in options if "allOf" in self._resolved(each)]
            return self.of((blocks or [self.choice(options)])[0], key)
        if "allOf" in schema:
            return self._component(schema)
        kind = schema.get("type")
        return getattr(self, f"_{kind}")(schema, key) if kind else self.choice([None, 1, "x", [], {}])

    def _resolved(self, schema: Schema) -> Schema:
        while "$ref" in schema:
            name = urllib.parse.unquote(schema["$ref"].removeprefix("#/$defs/"))
            schema = self._schema["$defs"][name]
        return schema

    def _component(self, block: Schema, name: str | None = None) -> dict[str, Any]:
        cases = {each["if"]["properties"]["type"]["const"]: each["then"] for each in block["allOf"]}
        if self._depth > 2:
            cases = {key: each for key, each in cases.items() if key != "stacked"}
        chosen = name or self.choice(sorted(cases))
        outside, self.inside, self._depth = self.inside, chosen, self._depth + 1
        arguments = self._mapping(self._resolved(cases[chosen]))
        self.inside, self._depth = outside, self._depth - 1
        return {"type": chosen, **arguments}

    def _mapping(self, schema: Schema) -> dict[str, Any]:
        properties = {
            name: each for name, each in schema["properties"].items() if name != "type" and not each.get("deprecated")
        }
        required = [name for name in schema.get("required", ()) if name in properties]
        optional = sorted(set(properties) - set(required))
        chosen = self.draw(st.lists(st.sampled_from(optional), unique=True, max_size=self._most)) if optional else []
        given = {name: self.of(properties[name], name) for name in [*required, *chosen]}
        return {name: value for name, value in given.items() if value is not ...}

    def _object(self, schema: Schema, key: str) -> dict[str, Any]:
        if "properties" in schema:
            return self._mapping(schema)
        inner = schema.get("additionalProperties")
        names = self.draw(st.lists(st.sampled_from(["0", "1", "x", "left"]), unique=True, max_size=2))
        return {
            name: self.of(inner, "") if isinstance(inner, Mapping) else self.choice([None, 1, "x"]) for name in names
        }

    def _array(self, schema: Schema, key: str) -> list[Any]:
        fixed = schema.get("prefixItems")
        if fixed is not None:
            return [self.of(each, key) for each in fixed]
        least = schema.get("minItems", 0)
        count = self.draw(st.integers(least, max(least, 3)))
        return [self.of(schema.get("items", {"type": "integer"}), key) for _ in range(count)]

    def _integer(self, schema: Schema, key: str) -> int:
        low = schema.get("minimum", schema.get("exclusiveMinimum", -math.inf) + 1)
        high = schema.get("maximum", schema.get("exclusiveMaximum", math.inf) - 1)
        wide = _WIDE_INTEGERS if low == -math.inf else [low, low + 1, low + 2, low + 3, low + 7]
        fitting = [each for each in wide if low <= each <= high]
        return self.choice([*fitting, min(_BIG, high)] if key in _CHEAP else fitting)

    def _number(self, schema: Schema, key: str) -> float:
        low, high = schema.get("minimum", -math.inf), schema.get("maximum", math.inf)
        above, below = schema.get("exclusiveMinimum", -math.inf), schema.get("exclusiveMaximum", math.inf)
        edges = [each for each in (low, high, above + 1e-9, below - 1e-9) if math.isfinite(each)]
        fitting = [each for each in (*edges, *_WIDE_NUMBERS) if low <= each <= high and above < each < below]
        return self.choice(fitting)

    def _boolean(self, schema: Schema, key: str) -> bool:
        return self.draw(st.booleans())

    def _string(self, schema: Schema, key: str) -> str:
        return self.choice(_TEXTS)

    def _null(self, schema: Schema, key: str) -> None:
        return None


def _is_escape(schema: Schema) -> bool:
    """Whether it lets something stand that is not judged here: a variable of the environment, or a class of one's own."""
    return schema.get("$ref") == "#/$defs/variable" or schema.get("pattern") == ":"
