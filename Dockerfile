# Serves exported models without PyTorch: docker run -e ADASEQ_TOKEN -v "$PWD/exported:/models/default:ro" IMAGE
FROM python:3.12-slim AS build
WORKDIR /build
COPY setup.py pyproject.toml MANIFEST.in README.md README_zh.md LICENSE CHANGELOG.md requirements.txt ./
COPY adaseq adaseq
RUN pip wheel --no-cache-dir --no-deps --wheel-dir /wheels .

FROM python:3.12-slim
COPY requirements-serve.txt /tmp/
COPY --from=build /wheels /tmp/wheels
RUN pip install --no-cache-dir --no-deps -r /tmp/requirements-serve.txt \
    && pip install --no-cache-dir --no-deps /tmp/wheels/*.whl \
    && rm -rf /tmp/wheels /tmp/requirements-serve.txt \
    && useradd --system --no-create-home --uid 10001 adaseq
USER 10001
ENV PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1
EXPOSE 8000
STOPSIGNAL SIGTERM
HEALTHCHECK CMD ["python", "-c", "import urllib.request as r; r.urlopen('http://127.0.0.1:8000/healthz', timeout=5)"]
ENTRYPOINT ["adaseq", "serve", "--runtime", "onnx", "--host", "0.0.0.0", "--token", "ADASEQ_TOKEN"]
CMD ["-m", "/models/default"]
