"""Every public `type:` name, one class per kind: the index of what a configuration can say.

The names are part of the file format. They are never renamed; a new component gets a new line here.
"""


class Tasks:
    """Values of the top-level `task:` key."""

    WORD_SEGMENTATION = "word-segmentation"
    PART_OF_SPEECH = "part-of-speech"
    NAMED_ENTITY_RECOGNITION = "named-entity-recognition"
    CHUNKING = "chunking"


class Models:
    """Values of `model.type`."""

    SEQUENCE_LABELING = "sequence-labeling-model"


class Embedders:
    """Values of `model.embedder.type`."""

    TRANSFORMER = "transformer-embedder"
    EMBEDDING = "embedding"


class Encoders:
    """Values of `model.encoder.type`."""

    LSTM = "lstm"
    GRU = "gru"
    RNN = "rnn"


class Decoders:
    """Decoder names. `sequence-labeling-model` chooses among them by `use_crf`, `partial` and `constrained`."""

    LINEAR = "linear"
    CRF = "crf"
    PARTIAL_CRF = "partial-crf"
    CONSTRAINED_CRF = "constrained-crf"


class Preprocessors:
    """Values of `preprocessor.type`."""

    SEQUENCE_LABELING = "sequence-labeling-preprocessor"


class DataCollators:
    """Values of `data_collator`."""

    SEQUENCE_LABELING = "SequenceLabelingDataCollatorWithPadding"


class Formats:
    """Values of `dataset.data_type`."""

    CONLL = "conll"
    CONLLU = "conllu"
    JSON_TAGS = "json_tags"
    JSON_SPANS = "json_spans"
    CLUENER = "cluener"
    SEGMENTED = "segmented"


class Splitters:
    """Values of `preprocessor.text_splitter`: how raw text becomes words."""

    CHAR = "char"
    WORD = "word"
    BLANK = "blank"


class Metrics:
    """Values of `evaluation.metrics[].type`."""

    NER = "ner-metric"
    SEQUENCE_LABELING = "sequence-labeling-metric"
    NER_DUMPER = "ner-dumper"


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
