# One image for every service of docker-compose.yml: the locked environment, nothing else.
FROM python:3.12.12-slim-bookworm AS build
ENV UV_COMPILE_BYTECODE=1 UV_LINK_MODE=copy UV_PYTHON_DOWNLOADS=never PYTHONDONTWRITEBYTECODE=1
RUN pip install --no-cache-dir uv==0.13.9
WORKDIR /app
# The packages first: they change less often than the code.
COPY pyproject.toml uv.lock README.md LICENSE NOTICE ./
RUN uv sync --frozen --no-dev --no-install-project
COPY suara ./suara
COPY dags ./dags
COPY jobs ./jobs
COPY streams ./streams
COPY nlp ./nlp
COPY insights ./insights
COPY reports ./reports
COPY warehouse ./warehouse
COPY kernel ./kernel
RUN uv sync --frozen --no-dev --no-editable
# The topic model compiles its numeric code at first import; here it happens once for all containers.
RUN env -u PYTHONDONTWRITEBYTECODE NUMBA_CACHE_DIR=/app/numba .venv/bin/python -W ignore -c "import bertopic" \
    && chmod -R g+rwX numba

FROM python:3.12.12-slim-bookworm
# Group 0 owns the state, so that any user of that group can run the image.
RUN useradd --uid 50000 --gid 0 --no-create-home suara \
    && install -d -m 0770 -o 50000 -g 0 /var/lib/suara /var/lib/airflow
COPY --from=build /app/.venv /app/.venv
COPY --from=build --chown=50000:0 /app/numba /app/numba
ENV PATH=/app/.venv/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    NUMBA_CACHE_DIR=/app/numba \
    HOME=/var/lib/suara \
    SUARA_HOME=/var/lib/suara \
    SUARA_CONFIG=/etc/suara/suara.toml \
    AIRFLOW_HOME=/var/lib/airflow
USER 50000:0
WORKDIR /var/lib/suara
ENTRYPOINT ["suara"]
CMD ["--help"]
