"""The HTTP API."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, PlainTextResponse, Response
from starlette.exceptions import HTTPException

from adaseq.errors import AdaSeqError
from adaseq.inference.least_probability import Threshold
from adaseq.serving.batching import Batcher, Job
from adaseq.serving.guard import Guard
from adaseq.serving.limits import Limits, Refusal
from adaseq.serving.metrics import TEXTS, Metrics
from adaseq.serving.models import ServedModel, no_such_model
from adaseq.serving.pages import Page, docs_page, static_pages
from adaseq.serving.schema import ErrorResponse, ModelsResponse, PredictRequest, PredictResponse
from adaseq.version import __version__

_ABOUT = "Finds spans in text, types mentions, names relations, or labels whole texts, as the models were trained to."
_ERRORS: dict[int | str, dict[str, Any]] = {
    status: {"model": ErrorResponse, "description": text}
    for status, text in {
        400: "the body is no JSON",
        401: "the token is missing or wrong",
        403: "the header Host names another machine",
        404: "there is no such model",
        408: "the body did not arrive in time",
        413: "more than the limits allow",
        415: "the body is not called JSON",
        422: "other keys or types, or a text is not what the model needs",
        500: "a fault of the server",
        503: "too many requests wait, or the server starts or stops",
        504: "there was no answer in time",
    }.items()
}
_CODES = {404: "not_found", 405: "method_not_allowed"}


class Service:
    """The models of a server, and what predicts with them.

    Args:
        names: those of the models, in order; the first is the default.
        limits: what requests may ask for.
        metrics: where batches are counted.
        batching: options of `Batcher`.
    """

    def __init__(self, names: Sequence[str], limits: Limits, metrics: Metrics, **batching: Any) -> None:
        self.names, self.limits, self.metrics = list(names), limits, metrics
        self._batching = batching
        self.models: dict[str, ServedModel] = {}
        self._batchers: dict[str, Batcher] = {}

    @property
    def is_ready(self) -> bool:
        """Whether all models are there."""
        return len(self._batchers) == len(self.names)

    def add(self, model: ServedModel) -> None:
        """Take a model that was loaded."""
        name, metrics = model.name, self.metrics

        def observe(texts: int, words: int, seconds: float) -> None:
            metrics.count("adaseq_texts_total", "Texts that were predicted.", texts, model=name)
            metrics.count("adaseq_words_total", "Their words.", words, model=name)
            metrics.observe("adaseq_batch_texts", "Texts predicted together.", texts, TEXTS, model=name)
            metrics.observe("adaseq_batch_seconds", "How long that took.", seconds, model=name)

        waiting = self.limits.max_waiting_texts
        batcher = Batcher(model.predictor, observe=observe, max_waiting_texts=waiting, **self._batching)
        metrics.gauge("adaseq_waiting_texts", "Texts that wait.", lambda: batcher.waiting, model=name)
        self.models[name] = model
        self._batchers[name] = batcher

    def close(self) -> None:
        """Predict what waits, and take nothing more."""
        for batcher in self._batchers.values():
            batcher.close()

    def job(self, asked: PredictRequest) -> tuple[str, Job]:
        """The model and the work that a request asks for.

        Raises:
            Refusal: it asks for something that there is not, or for too much.
        """
        if not self.is_ready:
            raise Refusal(503, "not_ready", "the models are being loaded", retry_after=2)
        name = self.names[0] if asked.model is None else asked.model
        if name not in self.models:
            raise Refusal(404, "no_such_model", no_such_model(name, self.models))
        inputs = asked.given()
        if inputs is None:
            raise Refusal(422, "invalid_input", "give exactly one of texts, words and inputs")
        self._check_size(inputs)
        try:
            threshold = Threshold(asked.min_probability, self.models[name].predictor.types)
        except AdaSeqError as error:
            raise Refusal(422, "invalid_input", str(error)) from None
        return name, Job(inputs, threshold, time.monotonic() + self.limits.timeout)

    def submit(self, name: str, job: Job) -> asyncio.Future[list[dict[str, Any]]]:
        """Let a model predict."""
        return asyncio.wrap_future(self._batchers[name].submit(job))

    def _check_size(self, inputs: Sequence[Any]) -> None:
        if len(inputs) > self.limits.max_texts:
            message = f"{len(inputs)} texts are more than the {self.limits.max_texts} of one request"
            raise Refusal(413, "too_many_texts", message)
        for index, given in enumerate(inputs):
            length = _length(given)
            if length > self.limits.max_text_length:
                message = f"{length} characters are more than the {self.limits.max_text_length} of one text"
                raise Refusal(413, "text_too_long", message, index=index)
            mentions = 0 if isinstance(given, str) else len(given.get("mentions") or ())
            if mentions > self.limits.max_texts:
                message = f"{mentions} mentions are more than the {self.limits.max_texts} of one text"
                raise Refusal(413, "too_many_mentions", message, index=index)


def create_app(
    service: Service,
    *,
    token: str | None = None,
    hosts: frozenset[str] | None = None,
    start: Callable[[], None] = lambda: None,
) -> Guard:
    """The application.

    Args:
        service: the models.
        token: what requests must show.
        hosts: the names under which the server is known.
        start: called when the server begins; loads the models.
    """

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        start()
        yield
        await asyncio.to_thread(service.close)

    app = FastAPI(
        title="AdaSeq",
        version=__version__,
        description=_ABOUT,
        lifespan=lifespan,
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
    )
    _add_answers_for_errors(app)
    _add_pages(app)
    _add_probes(app, service)

    @app.get("/v1/models", response_model=ModelsResponse, responses={401: _ERRORS[401], 503: _ERRORS[503]})
    async def models() -> Response:
        """The models, and the limits of requests."""
        if not service.is_ready:
            raise Refusal(503, "not_ready", "the models are being loaded", retry_after=2)
        return JSONResponse(
            {
                "models": [service.models[name].shown() for name in service.names],
                "default": service.names[0],
                "limits": service.limits.shown(),
                "version": __version__,
            }
        )

    @app.post("/v1/predict", response_model=PredictResponse, responses=_ERRORS)
    async def predict(request: Request, asked: PredictRequest) -> Response:
        """Predictions for one or several texts."""
        name, job = service.job(asked)
        results = await _wait(service.submit(name, job), request, service.limits.timeout)
        return JSONResponse({"model": name, "results": results})

    return Guard(app, service.limits, service.metrics, token, hosts)


async def _wait(future: asyncio.Future[list[dict[str, Any]]], request: Request, timeout: float) -> list[dict[str, Any]]:
    """The results; if nobody waits for them any more, they are not computed."""
    gone: asyncio.Future[None] = asyncio.ensure_future(_until_gone(request))
    waiting: set[asyncio.Future[Any]] = {future, gone}
    try:
        await asyncio.wait(waiting, timeout=timeout, return_when=asyncio.FIRST_COMPLETED)
        if future.done():
            return future.result()
        if gone.done():
            raise Refusal(400, "bad_request", "the client went away", is_last=True)
        raise Refusal(504, "timeout", f"there was no answer within {timeout:g} seconds")
    except asyncio.CancelledError:
        if future.cancelled():  # it waited for too long
            raise Refusal(504, "timeout", f"there was no answer within {timeout:g} seconds") from None
        raise
    finally:
        gone.cancel()
        future.cancel()


async def _until_gone(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass


def _length(given: Any) -> int:
    """How many characters there are in an input."""
    if isinstance(given, str):
        return len(given)
    texts = [given.get("text"), given.get("pair_text")]
    words = [*(given.get("tokens") or ()), *(given.get("pair") or ())]
    # A word of no characters counts as well.
    return sum(len(text) for text in texts if text) + sum(map(len, words)) + len(words)


def _add_answers_for_errors(app: FastAPI) -> None:
    def answer(refusal: Refusal) -> Response:
        return JSONResponse(refusal.content(), refusal.status, refusal.headers())

    @app.exception_handler(Refusal)
    async def refused(request: Request, error: Refusal) -> Response:
        return answer(error)

    @app.exception_handler(RequestValidationError)
    async def invalid(request: Request, error: RequestValidationError) -> Response:
        problem = error.errors()[0]
        if problem["type"] == "json_invalid":
            return answer(Refusal(400, "bad_request", "the body is no JSON"))
        place = ".".join(str(part) for part in problem["loc"] if part != "body")[:100]
        return answer(Refusal(422, "invalid_input", f"{place}: {problem['msg']}" if place else str(problem["msg"])))

    @app.exception_handler(Exception)
    async def failed(request: Request, error: Exception) -> Response:
        return answer(Refusal(500, "internal_error", "the server failed; its log says why"))

    @app.exception_handler(HTTPException)
    async def of_http(request: Request, error: HTTPException) -> Response:
        code = _CODES.get(error.status_code, "bad_request")
        return answer(Refusal(error.status_code, code, str(error.detail)))


def _add_probes(app: FastAPI, service: Service) -> None:
    @app.get("/healthz")
    async def health() -> dict[str, str]:
        """Whether the process lives."""
        return {"status": "ok"}

    @app.get("/readyz", responses={503: _ERRORS[503]})
    async def readiness() -> dict[str, str]:
        """Whether requests are answered."""
        if not service.is_ready:
            raise Refusal(503, "not_ready", "the models are being loaded", retry_after=2)
        return {"status": "ready"}

    @app.get("/metrics", response_class=PlainTextResponse)
    async def metrics() -> Response:
        """Figures for Prometheus."""
        return PlainTextResponse(service.metrics.text(), media_type="text/plain; version=0.0.4")


def _add_pages(app: FastAPI) -> None:
    pages: Mapping[str, Page] = static_pages()
    docs: list[Page] = []

    def show(page: Page) -> Response:
        headers = {"Content-Security-Policy": page.policy, "Cache-Control": "no-cache"}
        return Response(page.content, media_type=page.media_type, headers=headers)

    @app.get("/", include_in_schema=False)
    async def index() -> Response:
        return show(pages["/"])

    @app.get("/static/{name}", include_in_schema=False)
    async def static(name: str) -> Response:
        page = pages.get(f"/static/{name}")
        if page is None:
            raise HTTPException(404)
        return show(page)

    @app.get("/openapi.json", include_in_schema=False)
    async def description() -> Response:
        return JSONResponse(app.openapi())

    @app.get("/docs", include_in_schema=False)
    async def documentation() -> Response:
        if not docs:
            docs.append(docs_page(app.openapi()))
        return show(docs[0])
