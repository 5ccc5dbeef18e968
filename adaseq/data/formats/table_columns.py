"""Which column of a table is what."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, get_args

from adaseq.data.formats.json_lines import Record
from adaseq.errors import AdaSeqError, nearest

Role = Literal["id", "tokens", "text", "tags", "spans", "mask", "label", "pair", "subject", "object"]

# What columns are usually called.
_USUAL: dict[Role, tuple[str, ...]] = {
    "id": ("id", "idx", "sent_id"),
    "tokens": ("tokens", "words", "token"),
    "text": ("text", "sentence", "content", "sentence1", "premise", "question"),
    "tags": ("tags", "ner_tags", "pos_tags", "chunk_tags", "upos", "ner", "labels"),
    "spans": ("spans", "entities", "mentions"),
    "mask": ("mask",),
    "label": ("label", "labels", "relation", "class", "category"),
    "pair": ("text2", "sentence2", "text_pair", "hypothesis"),
    "subject": ("subject", "subj"),
    "object": ("object", "obj"),
}


def find_columns(given: Mapping[str, str], first: Record | None) -> dict[Role, str]:
    """Which column is what.

    Args:
        given: what a configuration says.
        first: the first row; without it only the configuration is checked.

    Raises:
        AdaSeqError: the configuration names what is none of the roles.
        DataError: a column is not there, or it is not clear which one is meant.
    """
    roles = get_args(Role)
    for role in given:
        if role not in roles:
            raise AdaSeqError(
                f"dataset.columns has no '{role}'{nearest(role, roles) or ';'} known: {', '.join(roles)}, each with the name of "
                "a column"
            )
    if first is None:
        return {}
    there = first.values
    for role, column in given.items():
        if column not in there:
            raise first.error(
                f"dataset.columns.{role}: there is no column '{column}'{nearest(column, there) or ';'} there are "
                f"{', '.join(map(str, there))}"
            )
    columns: dict[Role, str] = {role: given[role] for role in roles if role in given}
    is_annotated = not {"tags", "spans", "label"}.isdisjoint(columns)
    for role, usual in _USUAL.items():
        if role in columns or (is_annotated and role in ("tags", "spans", "label")):
            continue
        found = [
            name for name in usual if name in there and name not in columns.values() and _fits(role, name, there[name])
        ]
        if role == "tags" and len(found) > 1:
            raise first.error(
                f"several columns could be the tags: {', '.join(found)}; say which: columns: {{tags: {found[0]}}}"
            )
        if found:
            columns[role] = found[0]
    if "tokens" in columns:
        columns.pop("text", None)
    elif "text" not in columns:
        raise first.error(
            f"no column is called tokens or text; say which one is: columns: {{tokens: …}}; there are "
            f"{', '.join(map(str, there))}"
        )
    if "tags" in columns and "spans" in columns and "tags" not in given:
        del columns["tags"]
    return columns


def _fits(role: Role, name: str, value: object) -> bool:
    """Whether a value can be what the usual name of its column says; `labels` are tags if they are a list."""
    is_list = isinstance(value, list) or (isinstance(value, str) and value.lstrip().startswith("["))
    if role == "tags":
        return is_list or (isinstance(value, str) and name != "labels")
    if role in ("spans", "mask"):
        return is_list or (isinstance(value, dict) and role == "spans")
    if role in ("subject", "object"):
        return is_list
    return role != "label" or not isinstance(value, dict)
