"""Every public `type:` name, one class per kind: the index of what a configuration can say.

The names are part of the file format. They are never renamed; a new component gets a new line here.
"""

NO_RELATION = "None"
"""The label of two entities between which there is no relation."""
SUBJECT_MARKERS, OBJECT_MARKERS = ("<E>", "</E>"), ("<O>", "</O>")
"""The words that stand before and behind the subject, and the object, of a relation."""


class Tasks:
    """Values of the top-level `task:` key."""

    WORD_SEGMENTATION = "word-segmentation"
    PART_OF_SPEECH = "part-of-speech"
    NAMED_ENTITY_RECOGNITION = "named-entity-recognition"
    CHUNKING = "chunking"
    RELATION_EXTRACTION = "relation-extraction"
    ENTITY_TYPING = "entity-typing"
    TEXT_CLASSIFICATION = "text-classification"
    PRETRAINING = "pretraining"


class Models:
    """Values of `model.type`."""

    SEQUENCE_LABELING = "sequence-labeling-model"
    BIAFFINE_NER = "biaffine-ner-model"
    GLOBAL_POINTER = "global-pointer-model"
    W2NER = "w2ner-model"
    TWOSTAGE_NER = "twostage-ner-model"
    RELATION_EXTRACTION = "relation-extraction-model"
    TEXT_CLASSIFICATION = "text-classification-model"
    SPAN_TYPING = "multilabel-span-typing-model"
    CONCAT_TYPING = "multilabel-concat-typing-model"
    CONCAT_TYPING_MCCE = "multilabel-concat-typing-model-mcce-s"
    PRETRAINING = "pretraining-model"
    MASKED_LANGUAGE = "masked-language-model"


class Embedders:
    """Values of `model.embedder.type`."""

    TRANSFORMER = "transformer-embedder"
    EMBEDDING = "embedding"
    CHAR_CNN = "char-cnn"
    CHAR_LSTM = "char-lstm"
    NGRAMS = "ngram-embedding"
    WORD_FEATURES = "word-features"
    STACKED = "stacked"


class Encoders:
    """Values of `model.encoder.type`."""

    LSTM = "lstm"
    GRU = "gru"
    RNN = "rnn"
    CNN = "cnn"
    TRANSFORMER = "transformer"
    SPAN = "span-encoder"


class Decoders:
    """Decoder names. `sequence-labeling-model` chooses among them by `use_crf`, `partial` and `constrained`."""

    LINEAR = "linear"
    CRF = "crf"
    PARTIAL_CRF = "partial-crf"
    CONSTRAINED_CRF = "constrained-crf"


class LabelDecoders:
    """Values of `decoder.type` in the models that type mentions."""

    LINEAR = "linear"
    PAIRWISE_CRF = "pairwise-crf"


class Losses:
    """Values of `loss.type` in the models that let one choose."""

    CROSS_ENTROPY = "cross-entropy"
    WEIGHTED_CROSS_ENTROPY = "weighted-cross-entropy"
    LABEL_SMOOTHING = "label-smoothing"
    FOCAL = "focal"
    DICE = "dice"
    BCE = "bce"
    WEIGHTED_BCE = "weighted-bce"
    UFET = "ufet-granularity"
    PARTIAL_BCE = "partial-bce"
    POSITIVE_UNLABELLED = "positive-unlabelled"


class Inputs:
    """What embedders read: named by their classes, not by configurations."""

    PIECES = "pieces"
    WORDS = "words"
    CHARACTERS = "characters"
    NGRAMS = "ngrams"
    WORD_FEATURES = "word-features"


class Preprocessors:
    """Values of `preprocessor.type`."""

    SEQUENCE_LABELING = "sequence-labeling-preprocessor"
    SPAN_EXTRACTION = "span-extraction-preprocessor"
    WORD_EXTRACTION = "word-extraction-preprocessor"
    TWOSTAGE = "twostage-preprocessor"
    RELATION_EXTRACTION = "relation-extraction-preprocessor"
    TEXT_CLASSIFICATION = "text-classification-preprocessor"
    SPAN_TYPING = "multilabel-span-typing-preprocessor"
    CONCAT_TYPING = "multilabel-concat-typing-preprocessor"
    CONCAT_TYPING_MCCE = "multilabel-concat-typing-mcce-preprocessor"
    PRETRAINING = "pretraining-preprocessor"
    MASKED_LANGUAGE = "masked-language-preprocessor"


class DataCollators:
    """Values of `data_collator`."""

    SEQUENCE_LABELING = "SequenceLabelingDataCollatorWithPadding"
    SPAN_EXTRACTION = "SpanExtractionDataCollatorWithPadding"
    WORD_EXTRACTION = "WordExtractionDataCollatorWithPadding"
    TWOSTAGE = "TwostageDataCollatorWithPadding"
    WHOLE_TEXT = "DataCollatorWithPadding"
    SPAN_TYPING = "MultiLabelSpanTypingDataCollatorWithPadding"
    CONCAT_TYPING = "MultiLabelConcatTypingDataCollatorWithPadding"
    PRETRAINING = "PretrainingDataCollatorWithPadding"
    MASKED_LANGUAGE = "MaskedLanguageDataCollatorWithPadding"


class Formats:
    """Values of `dataset.data_type`."""

    CONLL = "conll"
    CONLLU = "conllu"
    JSON_TAGS = "json_tags"
    JSON_SPANS = "json_spans"
    CLUENER = "cluener"
    SEGMENTED = "segmented"
    TABLE = "table"
    NESTED_CONLL = "nested_conll"
    ENTITY_TYPING = "entity_typing"
    RELATION_CONLL = "relation_conll"
    RELATION_JSON = "relation_json"
    MARKED_PAIRS = "marked_pairs"
    LABELLED_TEXT = "labelled_text"
    LABEL_LINES = "label_lines"
    DOCCANO = "doccano"
    LABEL_STUDIO = "label_studio"
    PLAIN_TEXT = "plain_text"


class Splitters:
    """Values of `preprocessor.text_splitter`: how raw text becomes words."""

    CHAR = "char"
    WORD = "word"
    BLANK = "blank"


class Metrics:
    """Values of `evaluation.metrics[].type`."""

    NER = "ner-metric"
    SEQUENCE_LABELING = "sequence-labeling-metric"
    SPAN_EXTRACTION = "span-extraction-metric"
    NER_DUMPER = "ner-dumper"
    RELATION_EXTRACTION = "relation-extraction-metric"
    SEMEVAL2010_TASK8 = "semeval2010-task8-metric"
    TEXT_CLASSIFICATION = "text-classification-metric"
    LABEL_DUMPER = "label-dumper"
    TYPING = "typing-metric"
    TYPING_THRESHOLD = "typing-threshold-metric"
    TYPING_DUMPER = "typing-dumper"
    PRETRAINING = "pretraining-metric"
    MASKED_LANGUAGE = "masked-language-metric"


class Hooks:
    """Values of `train.hooks[].type`."""

    EVALUATION = "EvaluationHook"
    BEST_CHECKPOINT = "BestCkptSaverHook"
    CHECKPOINT = "CheckpointHook"
    TEXT_LOGGER = "TextLoggerHook"
    ITER_TIMER = "IterTimerHook"
    TENSORBOARD = "TensorboardHook"
    EARLY_STOP = "EarlyStopHook"
    PROGRESS = "ProgressHook"


class Trainers:
    """Values of `train.trainer`."""

    DEFAULT = "default-trainer"
    TYPING = "typing-trainer"
