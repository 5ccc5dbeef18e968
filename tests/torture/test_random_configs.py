"""Random configurations: what `adaseq check` accepts trains, and what does not train was refused. There is no third case."""

from __future__ import annotations

import logging
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, note, settings
from hypothesis import strategies as st

from adaseq.config.schema import json_schema
from tests.torture.conftest import IS_LONG, times
from tests.torture.random_configs import Ground

DRAWS = times(15, 500)


@pytest.fixture(scope="module")
def ground(tiny_bert: Path, tmp_path_factory: pytest.TempPathFactory) -> Ground:
    """Where configurations are drawn."""
    return Ground(tmp_path_factory.mktemp("ground"), tiny_bert, json_schema())


@pytest.mark.filterwarnings("ignore")
def test_there_is_no_third_case(ground: Ground, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.fsync", lambda descriptor: None)
    monkeypatch.setattr(logging.getLogger("adaseq"), "disabled", True)
    monkeypatch.chdir(ground.folder)
    counts: Counter[str] = Counter()

    @settings(
        max_examples=DRAWS,
        derandomize=not IS_LONG,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(st.data())
    def draw(data: Any) -> None:
        config = ground.draw(data.draw)
        found = ground.outcome(config)
        counts[found.kind] += 1
        note(f"{config}\n{found.report}")
        assert found.kind != "third case"

    draw()
    assert counts["trained"] >= DRAWS // 5, counts
