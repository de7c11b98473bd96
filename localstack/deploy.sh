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

# What functions find in /opt, for an emulator that does not use layers (see docs/localstack.md).
if [ -n "${LAYERS_FOLDER:-}" ]; then
    mkdir -p "$LAYERS_FOLDER"
    for layer in .aws-sam/build/RuntimeLayer .aws-sam/build/RecognitionLayer layers/smartscale layers/model; do
        cp -R "$layer/." "$LAYERS_FOLDER"
    done
fi

sam deploy --config-env localstack \
    --stack-name "${SMARTSCALE_STACK:-smartscale}" \
    --parameter-overrides \
    Stage=localstack \
    MetricsSink=cloudwatch \
    "Architecture=$(uname -m | sed s/aarch64/arm64/)" \
    "AdminToken=${ADMIN_TOKEN:-changeme}" \
    "Currency=${CURRENCY:-EUR}" \
    "ModelId=${SMARTSCALE_MODEL_ID:-Adriana213/vgg16-fruit-classifier}" \
    "ImportsElsewhere=${SMARTSCALE_IMPORTS_ELSEWHERE:-false}"

python -m infra.on_stack infra.initialise
