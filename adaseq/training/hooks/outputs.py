"""The names that hooks give to what they write into the run folder."""

from __future__ import annotations

from pathlib import PurePath

from adaseq.errors import AdaSeqError
from adaseq.training.run_folder import BACKBONE, CHECKPOINTS, CONFIG, LOG, NONFINITE_BATCH, PREDICTIONS, RECORD

# What the run itself writes.
_TAKEN = (BACKBONE, CHECKPOINTS, CONFIG, LOG, NONFINITE_BATCH, PREDICTIONS, RECORD)


def check_output(hook: str, **names: str) -> tuple[str, ...]:
    """Refuse names that lead out of the run folder, are the run folder, or belong to something else.

    Args:
        hook: whose they are.
        names: by argument.

    Returns:
        The names.

    Raises:
        AdaSeqError: one does, or two are the same.
    """
    for key, name in names.items():
        path = PurePath(name)
        if not path.parts or path.is_absolute() or ".." in path.parts or not name.isprintable():
            raise AdaSeqError(f"{hook}: {key} is {name!r}; it must be the name of something inside the run folder")
        if path.parts[0] in _TAKEN:
            raise AdaSeqError(f"{hook}: {key} is {name!r}, which the run writes itself; choose another name")
    if len({PurePath(name) for name in names.values()}) < len(names):
        raise AdaSeqError(f"{hook}: {' and '.join(names)} are the same; a file and a folder need different names")
    return tuple(names.values())
