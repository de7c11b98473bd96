#!/bin/sh
# Deploys the built stack into the emulator at AWS_ENDPOINT_URL, and fills its catalogue. Run again, it
# brings the stack up to date. docker-compose.yml runs it once the emulator is healthy; by hand:
#   sam build --config-env localstack && AWS_ENDPOINT_URL=http://localhost:4566 sh localstack/deploy.sh
set -eu
cd "$(dirname "$0")/.."

export AWS_ACCESS_KEY_ID="${AWS_ACCESS_KEY_ID:-test}"
export AWS_SECRET_ACCESS_KEY="${AWS_SECRET_ACCESS_KEY:-test}"
export AWS_DEFAULT_REGION="${AWS_REGION:-us-east-1}"
# Where SAM CLI has an environment of its own, as in the image.
PATH="$PATH:/opt/sam/bin"

# What functions find in /opt, for an emulator that does not use layers (see docs/localstack.md). Some run
# meanwhile: a file is replaced as a whole, and what an older version left goes last.
if [ -n "${LAYERS_FOLDER:-}" ]; then
    mkdir -p "$LAYERS_FOLDER"
    listing="$(mktemp -d)"
    for layer in .aws-sam/build/*Layer layers/model; do
        cp -R --remove-destination "$layer/." "$LAYERS_FOLDER"
        (cd "$layer" && find . ! -type d)
    done | sort -u >"$listing/new"
    (cd "$LAYERS_FOLDER" && find . ! -type d) | sort >"$listing/all"
    comm -13 "$listing/new" "$listing/all" | (cd "$LAYERS_FOLDER" && while IFS= read -r old; do rm "$old"; done)
    rm -r "$listing"
fi

# A setting or code that changes later must reach everybody: see there.
python -m infra.unversioned .aws-sam/build/template.yaml

sam deploy --config-env localstack \
    --stack-name "${SMARTSCALE_STACK:-smartscale}" \
    --parameter-overrides \
    Stage=localstack \
    MetricsSink=cloudwatch \
    "Architecture=$(uname -m | sed s/aarch64/arm64/)" \
    "AdminToken=${ADMIN_TOKEN:-changeme}" \
    "Currency=${CURRENCY:-EUR}" \
    "TimeZone=${SMARTSCALE_TIME_ZONE:-UTC}" \
    "ModelId=${SMARTSCALE_MODEL_ID:-Adriana213/vgg16-fruit-classifier}" \
    "LogLevel=${LOG_LEVEL:-INFO}" \
    LogSample=1 \
    "ImportsElsewhere=${SMARTSCALE_IMPORTS_ELSEWHERE:-false}"

python -m infra.on_stack infra.initialise
