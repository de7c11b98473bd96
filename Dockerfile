# checkov:skip=CKV_DOCKER_2: each service of docker-compose.yml has the check of its own address
# The images of docker-compose.yml, a target each: `app` is the API, the kiosk and what makes the hub's
# models into packages, `deployer` what deploys the stack and ends.

# ---------------------------------------------------------------- what installs
FROM python:3.13-slim-trixie AS uv
RUN pip install --no-cache-dir uv==0.13.9
ENV UV_PYTHON_DOWNLOADS=never \
    UV_COMPILE_BYTECODE=1 \
    UV_NO_CACHE=1 \
    VIRTUAL_ENV=/app/.venv
WORKDIR /app
COPY pyproject.toml uv.lock ./

# ---------------------------------------------------------------- packages, without the emulator
FROM uv AS app-packages
RUN uv venv --quiet .venv \
    && uv export --frozen --quiet --no-default-groups --group fetching --no-emit-project \
        --prune ministack --output-file /tmp/requirements.txt \
    && uv pip install --quiet --require-hashes --requirement /tmp/requirements.txt

# SAM CLI keeps to itself: some of its packages are older than ours. It lints nothing here.
FROM uv AS deployer-packages
SHELL ["/bin/bash", "-o", "pipefail", "-c"]
# hadolint ignore=DL3008
RUN apt-get update && apt-get install --yes --no-install-recommends make && rm -rf /var/lib/apt/lists/*
RUN uv venv --quiet /opt/sam \
    && uv export --frozen --quiet --no-emit-project --only-group sam --prune cfn-lint \
        --output-file /tmp/requirements.txt \
    && VIRTUAL_ENV=/opt/sam uv pip install --quiet --no-deps --require-hashes \
        --requirement /tmp/requirements.txt
COPY template.yaml samconfig.toml ./
COPY functions functions
COPY layers layers
ENV PATH=/opt/sam/bin:$PATH \
    AWS_DEFAULT_REGION=us-east-1 \
    SAM_CLI_TELEMETRY=0
# For the processor that the functions will run on, which is this machine's.
RUN architecture="$(uname -m | sed s/aarch64/arm64/)" \
    && sam build --no-cached --parameter-overrides "Architecture=$architecture"
# Emulators publish no versions; see there.
COPY infra/__init__.py infra/unversioned.py infra/
RUN /opt/sam/bin/python -m infra.unversioned .aws-sam/build/template.yaml
# What our own commands want is in the layer that functions get, but for these.
RUN uv venv --quiet .venv \
    && uv export --frozen --quiet --no-emit-project --only-group deployer \
        --output-file /tmp/requirements.txt \
    && uv pip install --quiet --require-hashes --requirement /tmp/requirements.txt \
    && echo /app/.aws-sam/build/RuntimeLayer/python/lib/python3.13/site-packages \
        >.venv/lib/python3.13/site-packages/runtime-layer.pth

# ---------------------------------------------------------------- what runs
FROM python:3.13-slim-trixie AS ours
RUN useradd --uid 10001 --create-home smartscale \
    && install --directory --owner smartscale /data /data/kiosk /data/model_cache /layers
WORKDIR /app
ENV PATH=/app/.venv/bin:$PATH \
    PYTHONPATH=/app:/app/layers/smartscale/python:/app/layers/model/python \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    SMARTSCALE_HOME=/data \
    NICEGUI_STORAGE_PATH=/data/kiosk \
    MODEL_CACHE=/data/model_cache \
    SMARTSCALE_SAMPLES=/app/sample_data
USER 10001

FROM ours AS app
COPY --from=app-packages /app/.venv .venv
COPY . .

FROM ours AS deployer
COPY --from=deployer-packages /opt/sam /opt/sam
COPY --from=deployer-packages /app/.venv .venv
COPY --from=deployer-packages /app/.aws-sam .aws-sam
COPY . .
ENV SAM_CLI_TELEMETRY=0
CMD ["sh", "localstack/deploy.sh"]
