"""What requests and answers are made of; the OpenAPI description is made from it."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StrictBool, StrictFloat, StrictInt, StrictStr


def _without_surrogates(text: str) -> str:
    """The text; JSON can hold halves of surrogate pairs, which are no characters and cannot be answered with."""
    if not text.isascii() and any("\ud800" <= each <= "\udfff" for each in text):
        raise ValueError("half of a surrogate pair is no character")
    return text


Text = Annotated[StrictStr, AfterValidator(_without_surrogates)]
# Of a model or a type: what is not known is compared with all that are, and told.
Name = Annotated[Text, Field(max_length=1000)]
Range = Annotated[list[StrictInt], Field(min_length=2, max_length=2)]
Probability = StrictFloat | StrictInt


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Input(_Strict):
    """A text with what its task needs."""

    text: Text | None = Field(None, description="the raw text; or else tokens")
    tokens: list[Text] | None = Field(None, description="the words of the text")
    mask: list[StrictBool] | None = Field(None, description="false for words that are context only")
    pair_text: Text | None = Field(None, description="the second text of a pair")
    pair: list[Text] | None = Field(None, description="the words of the second text")
    subject: Range | None = Field(None, description="[start, end] of the first entity of a relation")
    object: Range | None = Field(None, description="[start, end] of the second entity")
    mentions: list[Range] | None = Field(None, description="[start, end] of the mentions that are to be typed")


class PredictRequest(_Strict):
    """Exactly one of `texts`, `words` and `inputs`."""

    texts: list[Text] | None = Field(None, description="raw texts")
    words: list[list[Text]] | None = Field(None, description="texts that are lists of words")
    inputs: list[Input] | None = Field(None, description="texts with what their task needs")
    model: Name | None = Field(None, description="the name of a model; the first one by default")
    min_probability: Probability | dict[Name, Probability] | None = Field(
        None, description="leave out what is less probable: overall, or by type, with * for all others"
    )

    def given(self) -> list[Any] | None:
        """The texts as a predictor takes them; None if not exactly one of the three lists is there."""
        lists = [each for each in (self.texts, self.words, self.inputs) if each is not None]
        if len(lists) != 1:
            return None
        if self.inputs is not None:
            return [each.model_dump(exclude_none=True) for each in self.inputs]
        return [{"tokens": words} for words in self.words] if self.words is not None else list(self.texts or [])


class Found(BaseModel):
    """Something that was found; which keys it has depends on the task."""

    model_config = ConfigDict(extra="allow")
    type: str
    prob: float | None = None
    start: int | None = None
    end: int | None = None
    span: str | None = None


class Result(BaseModel):
    """What was found in one text."""

    output: list[Found]


class PredictResponse(BaseModel):
    """One result for each text, in their order."""

    model: str
    results: list[Result]


class ModelInfo(BaseModel):
    """A model."""

    name: str
    task: str
    runtime: str
    types: list[str]
    text_splitter: str
    extra_input: str | None


class LimitsInfo(BaseModel):
    """The limits of a request."""

    max_body_bytes: int
    max_texts: int
    max_text_length: int
    timeout_seconds: float


class ModelsResponse(BaseModel):
    """The models and the limits."""

    models: list[ModelInfo]
    default: str
    limits: LimitsInfo
    version: str


class ErrorInfo(BaseModel):
    """What went wrong: a code for programs, a message for people, and the number of the text where it is known."""

    code: str
    message: str
    index: int | None = None


class ErrorResponse(BaseModel):
    """The body of every answer with a status from 400 on."""

    error: ErrorInfo
