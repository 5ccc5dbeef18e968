"""Which column of a table is what."""

from __future__ import annotations

import itertools
from collections.abc import Generator, Iterator, Mapping
from typing import Any, Literal, get_args

from adaseq.data.formats.json_lines import Record
from adaseq.errors import AdaSeqError, DataError, nearest

Role = Literal["id", "tokens", "text", "tags", "spans", "mask", "label", "pair", "subject", "object"]

_HEAD = 100  # rows
_NOTHING = (None, "")

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


def check_roles(given: Mapping[str, str]) -> None:
    """Refuse what is none of the roles.

    Args:
        given: what a configuration says.

    Raises:
        AdaSeqError: it names something else.
    """
    roles = get_args(Role)
    for role in given:
        if role not in roles:
            raise AdaSeqError(
                f"dataset.columns has no '{role}'{nearest(role, roles) or ';'} known: {', '.join(roles)}, each with the name of "
                "a column"
            )


def columns_and_rows(
    given: Mapping[str, str], records: Iterator[Record]
) -> tuple[dict[Role, str], Generator[Record, None, None]]:
    """Which column is what, and the rows once more.

    What a column holds is seen in the first row that has something in it, of some at the beginning.

    Args:
        given: what a configuration says.
        records: the rows.

    Raises:
        DataError: a column is not there, or it is not clear which one is meant; in a later row, there is something in a column
            that would have been taken.
    """
    head, fault = _first_rows(records)
    if fault is not None and not head:
        raise fault
    there: dict[str, Any] = {}
    for record in head:
        there.update({name: value for name, value in record.values.items() if there.get(name) in _NOTHING})
    columns = find_columns(given, head[0]._replace(values=there)) if head else {}
    known = {name for name, value in there.items() if value not in _NOTHING}

    def rows() -> Generator[Record, None, None]:
        yield from head
        for record in _rest(fault, records):
            new = {name for name in record.values.keys() - known if record.values[name] not in _NOTHING}
            if new:
                known.update(new)
                there.update((name, record.values[name]) for name in new)
                late = find_columns(given, record._replace(values=there)).items() - columns.items()
                for role, name in sorted(late):
                    raise record.error(
                        f"'{name}' is empty in all rows before; so that it is known what it is, name it: "
                        f"columns: {{{role}: {name}}}, and give it to all rows, if only as null"
                    )
            yield record

    return columns, rows()


def _first_rows(records: Iterator[Record]) -> tuple[list[Record], DataError | None]:
    """Some rows, and what is wrong with the one behind them."""
    head: list[Record] = []
    try:
        head.extend(itertools.islice(records, _HEAD))
    except DataError as error:
        return head, error
    return head, None


def _rest(fault: DataError | None, records: Iterator[Record]) -> Iterator[Record]:
    if fault is not None:
        raise fault
    yield from records


def find_columns(given: Mapping[str, str], first: Record) -> dict[Role, str]:
    """Which column is what.

    Args:
        given: what a configuration says.
        first: a row with an example of what is in each column.

    Raises:
        DataError: a column is not there, or it is not clear which one is meant.
    """
    roles = get_args(Role)
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
    if "tokens" in columns and "text" in columns:
        del columns["tokens" if "text" in given and "tokens" not in given else "text"]
    elif "tokens" not in columns and "text" not in columns:
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
