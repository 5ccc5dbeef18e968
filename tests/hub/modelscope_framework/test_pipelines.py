"""ModelScope's `pipeline(task, folder)` in fresh processes, with the framework itself."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import adaseq
from adaseq.hub.publish import publish
from tests.hub.fake_hub import FakeHub
from tests.hub.modelscope_framework.conftest import Run
from tests.hub.modelscope_framework.families import FAMILIES

pytestmark = pytest.mark.slow

NER = "named-entity-recognition"
IMPORTS = "import adaseq.hub.modelscope\nfrom modelscope.pipelines import pipeline\n"
SENTENCE = "mary smith works in new york ."
Trained = Callable[[str], Path]


def content(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def like(value: Any) -> Any:
    """What equals a result, as JSON has it, up to the last digits of probabilities: these depend on what shares a batch."""
    if isinstance(value, dict):
        return {key: like(each) for key, each in value.items()}
    if isinstance(value, (list, tuple)):
        return [like(each) for each in value]
    return pytest.approx(value, abs=1e-5) if isinstance(value, float) else value


def stayed_here(out: dict[str, Any]) -> bool:
    """Whether nothing was asked of the network, and nothing installed."""
    return out["connections"] == [] and not any("pip" in program.split() for program in out["programs"])


@pytest.mark.parametrize("name", FAMILIES)
def test_gives_what_the_predictor_gives(name: str, trained: Trained, run: Run) -> None:
    family, folder = FAMILIES[name], trained(name)
    before = content(folder)
    out = run(
        f"{IMPORTS}tagger, texts = pipeline({family.task!r}, {str(folder)!r}), {family.inputs!r}\n"
        "out['single'] = [tagger(text) for text in texts]\n"
        "out['many'], out['batched'] = tagger(texts), tagger(texts, batch_size=2)\n"
    )
    expected = adaseq.load(folder)(family.inputs)
    for way in ("single", "many", "batched"):
        results = out[way]
        if family.task == "text-classification":
            for result in results:
                assert result.pop("labels") == [each["type"] for each in result["output"]]
                assert result.pop("scores") == [each["prob"] for each in result["output"]]
        assert results == like(expected), way
    assert [each["type"] for each in expected[0]["output"]] == family.finds
    assert stayed_here(out)
    assert content(folder) == before, "the folder was changed"


@pytest.mark.parametrize(
    "imports",
    [
        "from modelscope.pipelines import pipeline\nimport adaseq.hub.modelscope\n",
        "import adaseq\nimport modelscope\nfrom modelscope.pipelines import pipeline\nimport adaseq.hub.modelscope\n",
        f"import importlib\n{IMPORTS}importlib.reload(adaseq.hub.modelscope)\n",
        "from adaseq.hub.modelscope import PredictorPipeline as tagger_of\npipeline = lambda task, folder: tagger_of(folder)\n",
    ],
    ids=["modelscope first", "adaseq first", "twice", "without pipeline()"],
)
def test_the_order_of_imports_does_not_matter(imports: str, trained: Trained, run: Run) -> None:
    folder = trained("crf-tagger")
    out = run(f"{imports}out['result'] = pipeline({NER!r}, {str(folder)!r})({SENTENCE!r})")
    assert out["result"] == like(adaseq.load(folder)(SENTENCE))
    assert stayed_here(out)


def test_a_relative_folder(trained: Trained, run: Run, tmp_path: Path) -> None:
    shutil.copytree(trained("crf-tagger"), tmp_path / "models" / "tagger")
    out = run(f"{IMPORTS}out['result'] = pipeline({NER!r}, './models/tagger')({SENTENCE!r})")
    assert out["result"] == like(adaseq.load(tmp_path / "models" / "tagger")(SENTENCE))
    assert stayed_here(out)


def test_what_else_it_takes(trained: Trained, run: Run) -> None:
    out = run(
        f"{IMPORTS}from modelscope.msdatasets import MsDataset\n"
        "from datasets import Dataset\n"
        f"tagger = pipeline({NER!r}, {str(trained('crf-tagger'))!r}, device='cpu', min_probability={{'PER': 1.0}})\n"
        f"out['without people'] = tagger({SENTENCE!r})\n"
        f"out['stream'] = list(tagger(text for text in [{SENTENCE!r}]))\n"
        f"texts = pipeline('text-classification', {str(trained('texts'))!r}, precision='bf16', batch_tokens=64)\n"
        "rows = MsDataset(Dataset.from_list([{'text': 'a fine day'}, {'text': 'a poor day'}]))\n"
        "out['rows'] = list(texts(rows))\n"
        "out['pair'] = texts(('fine', 'poor'))\n"
        "out['pairs'] = texts([('fine', 'poor'), {'text': 'fine', 'text2': 'poor'}])\n"
    )
    assert [each["type"] for each in out["without people"]["output"]] == ["LOC"]
    assert out["stream"] == [out["without people"]]
    assert [result["labels"] for result in out["rows"]] == [["good"], ["bad"]]
    assert out["pairs"] == [out["pair"], out["pair"]]


ATTEMPT = """
def attempt(name, action):
    try:
        out[name] = f"nothing was raised, but {action()}"
    except Exception as error:
        out[name] = f"{type(error).__name__}: {error}"
"""


def test_errors_say_what_is_wrong(trained: Trained, run: Run, tmp_path: Path) -> None:
    folder = str(trained("crf-tagger"))
    damaged = tmp_path / "damaged"
    shutil.copytree(folder, damaged)
    (damaged / "model.safetensors").unlink()
    out = run(
        f"{IMPORTS}{ATTEMPT}\nfolder, tagger = {folder!r}, pipeline({NER!r}, {folder!r})\n"
        f"attempt('damaged', lambda: pipeline({NER!r}, {str(damaged)!r}))\n"
        f"attempt('precision', lambda: pipeline({NER!r}, folder, precision='bf17'))\n"
        f"attempt('splitter', lambda: pipeline({NER!r}, folder, text_splitter='wordd'))\n"
        "attempt('task', lambda: pipeline('text-classification', folder))\n"
        "attempt('input', lambda: tagger([5]))\n"
        "attempt('nothing', lambda: tagger(None))\n"
        "attempt('batch size', lambda: tagger(['mary'], batch_size=0))\n"
    )
    text = 'AdaSeqError: inputs[0]: an input is a string, a list of words, {"text": "…"} or {"tokens": ["…", …]}; received '
    assert {name: out[name] for name in ("damaged", "precision", "splitter", "task", "input", "nothing", "batch size")} == {
        "damaged": f"AdaSeqError: PredictorPipeline: the model folder '{damaged}' has no weights: neither model.safetensors "
        "nor pytorch_model.bin",
        "precision": "AdaSeqError: PredictorPipeline: precision must be one of fp32, bf16, fp16; received 'bf17'",
        "splitter": "AdaSeqError: PredictorPipeline: there is no text splitter 'wordd'; did you mean 'word'? known: blank, char, "
        "word. A class of your own is named as 'module:Class', or registered in a module listed under 'plugins:'.",
        "task": "KeyError: 'sequence-labeling-pipeline is not in the pipelines registry group text-classification. Please "
        "make sure the correct version of ModelScope library is used.'",
        "input": f"{text}5",
        "nothing": f"{text}None",
        "batch size": "AdaSeqError: batch_size must be at least 1; received 0",
    }  # fmt: skip
    assert stayed_here(out)


def test_without_the_import_modelscope_knows_no_such_pipeline(trained: Trained, run: Run) -> None:
    out = run(
        f"from modelscope.pipelines import pipeline\nimport sys\n{ATTEMPT}\n"
        f"attempt('raised', lambda: pipeline({NER!r}, {str(trained('crf-tagger'))!r}))\n"
        "out['imported'] = 'adaseq' in sys.modules\n"
    )
    assert out["raised"].startswith(
        f"KeyError: 'sequence-labeling-pipeline is not in the pipelines registry group {NER}."
    )
    assert not out["imported"] and stayed_here(out)


@pytest.mark.parametrize("with_loader", [False, True])
def test_a_model_of_the_hub(with_loader: bool, trained: Trained, run: Run, hub: FakeHub) -> None:
    folder = trained("biaffine")
    publish(folder, "modelscope:me/tagger", is_private=False, with_loader=with_loader, say=len, warn=len)
    imports = "from modelscope.pipelines import pipeline\n" if with_loader else IMPORTS
    out = run(
        f"{imports}tagger = pipeline({NER!r}, 'me/tagger', trust_remote_code={with_loader})\n"
        f"out['result'] = tagger({SENTENCE!r})"
    )
    assert out["result"] == like(adaseq.load(folder)(SENTENCE))
    assert stayed_here(out)


def test_the_loader_is_run_only_for_those_who_trust_it(
    trained: Trained, run: Run, hub: FakeHub, tmp_path: Path
) -> None:
    publish(trained("biaffine"), "modelscope:me/tagger", with_loader=True, say=len, warn=len)
    folder = tmp_path / "published"
    folder.mkdir()
    for name, data in hub.files("me/tagger", "master").items():
        (folder / name).write_bytes(data)
    out = run(
        f"from modelscope.pipelines import pipeline\nimport sys\n{ATTEMPT}\nfolder = {str(folder)!r}\n"
        f"attempt('refused', lambda: pipeline({NER!r}, folder))\n"
        "out['imported'] = 'adaseq' in sys.modules\n"
        f"out['result'] = pipeline({NER!r}, folder, trust_remote_code=True)({SENTENCE!r})\n"
        f"attempt('refused again', lambda: pipeline({NER!r}, folder))\n"
    )
    assert out["refused"] == out["refused again"]
    assert "trust_remote_code=True was not explicitly set" in out["refused"] and not out["imported"]
    assert out["result"] == like(adaseq.load(folder)(SENTENCE))
    assert stayed_here(out)


def test_every_family_is_one_that_names_its_pipeline(trained: Trained) -> None:
    named = {json.loads((trained(name) / "configuration.json").read_text())["pipeline"]["type"] for name in FAMILIES}
    assert named == {
        "sequence-labeling-pipeline",
        "span-based-ner-pipeline",
        "relation-extraction-pipeline",
        "text-classification-pipeline",
    }
