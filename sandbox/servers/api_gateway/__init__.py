"""Amazon API Gateway (REST APIs) on a laptop: boto3's `apigateway` client deploys on it, any HTTP client invokes it."""
