"""The real ends of the operations' ports: S3, DynamoDB, SQS, CloudWatch, LiteRT."""
