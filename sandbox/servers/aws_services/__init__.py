"""IAM, STS, KMS, Secrets Manager, EC2, SSM, CloudTrail, CloudWatch and its Logs: moto, signed for and durable."""
