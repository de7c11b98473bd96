#!/bin/sh
# Weigh a picture by dropping it into the bucket with the AWS CLI:
#
#   examples/drop_with_aws_cli.sh PICTURE WEIGHT_KG SCALE_ID
#
# For the embedded run: AWS_ENDPOINT_URL=http://127.0.0.1:4566, and the credentials of that run,
# AWS_SHARED_CREDENTIALS_FILE=.smartscale/credentials.
set -eu
picture=$1 weight_kg=$2 scale_id=$3
bucket=$(aws cloudformation describe-stacks --stack-name "${SMARTSCALE_STACK:-smartscale}" \
  --query "Stacks[0].Outputs[?OutputKey=='BucketName'].OutputValue" --output text)
key="uploads/$scale_id/$(date +%s)-$(basename "$picture")"
aws s3 cp "$picture" "s3://$bucket/$key" \
  --metadata "weight-kg=$weight_kg,scale-id=$scale_id" --only-show-errors
echo "$key"
