FROM python:3.13-slim-bookworm AS build
RUN pip install --no-cache-dir uv
ENV UV_PYTHON_DOWNLOADS=never UV_LINK_MODE=copy UV_COMPILE_BYTECODE=1
WORKDIR /app
# The dependencies change seldom and the code often: each has a layer of its own.
COPY pyproject.toml uv.lock ./
RUN uv sync --locked --no-dev --no-install-project
COPY . .
RUN uv sync --locked --no-dev --no-editable

FROM python:3.13-slim-bookworm
RUN apt-get update \
    && apt-get install --yes --no-install-recommends chromium-headless-shell fonts-dejavu-core libgomp1 \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --system --create-home --home-dir /data slotwise
COPY --from=build /app/.venv /app/.venv
ENV PATH=/app/.venv/bin:$PATH \
    BROWSER_PATH=/usr/bin/chromium-headless-shell \
    HOME=/data
USER slotwise
WORKDIR /data
VOLUME /data
ENTRYPOINT ["slotwise"]
CMD ["run"]
