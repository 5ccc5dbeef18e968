"""Word vectors from characters, n-grams and features, and several embedders side by side."""

import pytest
import torch

from adaseq.data.data_collators.base import as_tensors
from adaseq.data.example import Example
from adaseq.data.inputs.characters import CharacterInput
from adaseq.errors import ModelError
from adaseq.models.assembly import build_collator, build_model, build_preprocessor
from adaseq.models.model_folder import load_model_folder, save_model_folder
from adaseq.modules.embedders.characters import CharCNN, CharLSTM
from adaseq.modules.embedders.embedding import Embedding
from adaseq.modules.embedders.ngram_embedding import NgramEmbedding
from adaseq.modules.embedders.stacked import StackedEmbedder
from adaseq.modules.embedders.word_features import WordFeatures

COLLATOR = "SequenceLabelingDataCollatorWithPadding"


def characters(sentences):
    encoder = CharacterInput()
    encoder.count(["abcdefg"])
    encoder.finish()
    return as_tensors(encoder.collate(encoder.encode(sentences, training=False), max(map(len, sentences))))


@pytest.mark.parametrize("make", [lambda: CharCNN(11, 6, 5, [2, 3, 5]), lambda: CharLSTM(11, 6, 4)])
def test_a_word_s_vector_does_not_depend_on_the_others(make):
    torch.manual_seed(0)
    embedder = make().eval()
    together = embedder(characters([["a", "bcdefgbcdefg"], ["abc", "a"], ["x", "bcdefgbcdefg"]]))
    assert together.shape == (3, 2, embedder.output_size)
    for word, vector in (("a", together[0, 0]), ("abc", together[1, 0]), ("bcdefgbcdefg", together[2, 1])):
        torch.testing.assert_close(embedder(characters([[word]]))[0, 0], vector)
    assert torch.equal(together[0, 0], together[1, 1])


@pytest.mark.parametrize(
    ("embedder", "message"),
    [
        (lambda: CharCNN(5), "encodes no characters"),
        (lambda: NgramEmbedding(5), "encodes no n-grams"),
        (lambda: WordFeatures([3]), "makes no features of words"),
    ],
)
def test_a_preprocessor_without_the_input_is_named(embedder, message):
    with pytest.raises(ModelError, match=message):
        embedder()({"input_ids": torch.zeros(1, 1, dtype=torch.long)})


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: CharCNN(5, kernel_sizes=[0]), "kernel_sizes of char-cnn must be at least 1"),
        (lambda: NgramEmbedding(5, unknown_rate=1.0), "unknown_rate must be at least 0 and less than 1"),
        (lambda: WordFeatures([]), "word-features has no feature"),
        (lambda: StackedEmbedder([]), "needs at least one embedder"),
        (lambda: Embedding(vocabulary=["[PAD]", "[UNK]"], unknown_rate=-0.1), "unknown_rate must be at least 0"),
    ],
)
def test_impossible_options(make, message):
    with pytest.raises(ModelError, match=message):
        make()


def test_unknown_rate_teaches_the_unknown():
    torch.manual_seed(0)
    words = Embedding(vocabulary=["[PAD]", "[UNK]", "a"], embedding_dim=2, unknown_rate=0.5).train()
    ngrams = NgramEmbedding(3, unknown_rate=0.5).train()
    taken = words({"input_ids": torch.full((1, 400), 2)})
    assert 0.4 < (taken == words.embedding.weight[1]).all(-1).float().mean() < 0.6
    assert torch.equal(words.eval()({"input_ids": torch.tensor([[2]])})[0, 0], words.embedding.weight[2])
    pairs = ngrams({"ngram_ids": torch.full((1, 400, 2), 2)})
    assert 0.4 < (pairs[0, :, :50] == ngrams.ngrams.weight[0]).all(-1).float().mean() < 0.6


class Stack:
    """A tagger over two backbones with different tokenizers and everything else, and its batches."""

    def __init__(self, tiny_bert, tmp_path, max_length=None):
        (tmp_path / "names.txt").write_text("mary smith\nnew york\n")
        (tmp_path / "vectors.txt").write_text("mary 1 2 3\nlondon 4 5 6\nparis 7 8 9\n")
        backbone = str(tiny_bert)
        parts = [
            {"type": "char-cnn"},
            {"type": "embedding", "model_name_or_path": str(tmp_path / "vectors.txt"), "words": "file", "freeze": True},
            {"type": "transformer-embedder", "model_name_or_path": backbone},
            {"type": "transformer-embedder", "model_name_or_path": backbone, "sub_token_mode": "mean"},
            {"type": "ngram-embedding", "min_count": 1},
            {"type": "word-features", "gazetteers": {"names": str(tmp_path / "names.txt")}, "min_count": 1},
        ]
        self.config = {
            "task": "named-entity-recognition",
            "model": {"type": "sequence-labeling-model", "embedder": {"type": "stacked", "embedders": parts}},
            "preprocessor": {"type": "sequence-labeling-preprocessor", "max_length": max_length},
            "data_collator": COLLATOR,
        }
        self.preprocessor = build_preprocessor(self.config["preprocessor"], self.config["model"], ["LOC"])
        self.preprocessor.fit(words for words in (["mary", "smith", "in", "London"], ["a", "mary"]))
        torch.manual_seed(0)
        self.model = build_model(self.config["model"], self.preprocessor).eval()

    def batch(self, sentences, training=False):
        examples = [Example(str(i), words) for i, words in enumerate(sentences)]
        return collated(self.preprocessor, examples, training)


def collated(preprocessor, examples, training=False):
    features = preprocessor.encode(examples, training)
    return build_collator(COLLATOR, preprocessor)([{**each, "index": i} for i, each in enumerate(features)])


def test_every_part_of_a_stack_reads_its_own_input(tiny_bert, tmp_path):
    stack = Stack(tiny_bert, tmp_path)
    batch = stack.batch([["mary", "paris", "unheard"], ["x"]])
    assert set(batch["tokens"]) >= {"input_ids", "mask", "0", "1", "3", "4", "5"} and "2" not in batch["tokens"]
    words = stack.model.embedder(batch["tokens"])
    assert words.shape == (2, 3, stack.model.embedder.output_size) and words.shape[2] == 30 + 3 + 32 + 32 + 100 + 32
    # The second part has the vectors of the file, of words too that training did not have.
    torch.testing.assert_close(words[0, :2, 30:33], torch.tensor([[1.0, 2, 3], [7, 8, 9]]))


def test_long_sentences_are_truncated_to_what_fits_all_and_stitched_in_prediction(tiny_bert, tmp_path):
    stack = Stack(tiny_bert, tmp_path, max_length=12)
    long = ["mary", "lives", "in", "london"] * 10
    batch = stack.batch([long, ["x"]], training=True)
    assert batch["label_ids"].shape == batch["tokens"]["mask"].shape == (2, 10)
    assert batch["tokens"]["4"]["ngram_ids"].shape[:2] == (2, 10)
    batch = stack.batch([long, ["x"]])
    assert stack.model.embedder(batch["tokens"]).shape[:2] == (2, 40)
    alone = stack.model.decode(stack.batch([long]))
    assert stack.model.decode(batch)[:1] == alone and len(alone[0]["tags"]) == 40


def test_a_saved_stack_needs_none_of_its_originals(tiny_bert, tmp_path):
    import shutil

    backbone = tmp_path / "backbone"
    shutil.copytree(tiny_bert, backbone)
    stack = Stack(backbone, tmp_path)
    save_model_folder(tmp_path / "model", stack.model, stack.preprocessor, stack.config)
    shutil.rmtree(backbone)
    (tmp_path / "names.txt").unlink()
    (tmp_path / "vectors.txt").unlink()
    shutil.move(tmp_path / "model", tmp_path / "moved")
    loaded = load_model_folder(tmp_path / "moved")
    examples = [Example("0", ["mary", "smith", "paris", "unheard"]), Example("1", ["Ｘ"])]
    before = stack.model.embedder(collated(stack.preprocessor, examples)["tokens"])
    after = loaded.model.embedder(collated(loaded.preprocessor, examples)["tokens"])
    torch.testing.assert_close(after[0], before[0])
    torch.testing.assert_close(after[1, :1], before[1, :1])
