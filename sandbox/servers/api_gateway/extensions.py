"""Amazon's extensions of OpenAPI that the control plane reads and writes.

Source: "OpenAPI extensions for API Gateway" in the API Gateway developer guide.
"""

from __future__ import annotations

API_KEY_SOURCE = "x-amazon-apigateway-api-key-source"
BINARY_MEDIA_TYPES = "x-amazon-apigateway-binary-media-types"
MINIMUM_COMPRESSION_SIZE = "x-amazon-apigateway-minimum-compression-size"
POLICY = "x-amazon-apigateway-policy"
ENDPOINT_CONFIGURATION = "x-amazon-apigateway-endpoint-configuration"
GATEWAY_RESPONSES = "x-amazon-apigateway-gateway-responses"
REQUEST_VALIDATORS = "x-amazon-apigateway-request-validators"
REQUEST_VALIDATOR = "x-amazon-apigateway-request-validator"
