# An API in each of Terraform's ways: by its body, and by resources of its own, with all that a student may put around it.

terraform {
  required_providers {
    aws = { source = "hashicorp/aws" }
  }
}

variable "endpoint" {
  description = "The address of the API Gateway control plane."
}

variable "note" {
  description = "Another value changes what can be changed in place."
  default     = "first"
}

variable "number" {
  description = "As `note`, for numbers."
  default     = 1000
}

provider "aws" {
  region                      = "us-east-1"
  skip_credentials_validation = true
  skip_requesting_account_id  = true
  skip_metadata_api_check     = true
  endpoints { apigateway = var.endpoint }
}

resource "aws_api_gateway_account" "this" {
  cloudwatch_role_arn = "arn:aws:iam::123456789012:role/logs"
}
resource "aws_api_gateway_rest_api" "body" {
  name = "by-body"
  body = jsonencode({
    openapi = "3.0.1"
    info    = { title = "by-body", version = var.note }
    paths = { "/a" = { get = {
      responses = { "200" = { description = "ok" } }
    "x-amazon-apigateway-integration" = { type = "http_proxy", httpMethod = "GET", uri = "http://127.0.0.1:9/a" } } } }
  })
  endpoint_configuration { types = ["REGIONAL"] }
}
resource "aws_api_gateway_rest_api" "steps" {
  name                     = "by-steps"
  description              = "made step by step: ${var.note}"
  binary_media_types       = ["image/png"]
  minimum_compression_size = var.number
  tags                     = { course = var.note }
  endpoint_configuration { types = ["REGIONAL"] }
}
resource "aws_api_gateway_resource" "topics" {
  rest_api_id = aws_api_gateway_rest_api.steps.id
  parent_id   = aws_api_gateway_rest_api.steps.root_resource_id
  path_part   = "topics-${var.note}"
}
resource "aws_api_gateway_resource" "proxy" {
  rest_api_id = aws_api_gateway_rest_api.steps.id
  parent_id   = aws_api_gateway_resource.topics.id
  path_part   = "{proxy+}"
}
resource "aws_api_gateway_model" "row" {
  rest_api_id  = aws_api_gateway_rest_api.steps.id
  name         = "Row"
  content_type = "application/json"
  description  = var.note
  schema       = jsonencode({ type = "object", required = ["ind"], properties = { ind = { type = "integer" } } })
}
resource "aws_api_gateway_request_validator" "body" {
  rest_api_id           = aws_api_gateway_rest_api.steps.id
  name                  = "body"
  validate_request_body = true
}
resource "aws_api_gateway_method" "any" {
  rest_api_id        = aws_api_gateway_rest_api.steps.id
  resource_id        = aws_api_gateway_resource.proxy.id
  http_method        = "ANY"
  authorization      = "NONE"
  api_key_required   = true
  request_parameters = { "method.request.path.proxy" = true }
}
resource "aws_api_gateway_integration" "any" {
  rest_api_id             = aws_api_gateway_rest_api.steps.id
  resource_id             = aws_api_gateway_resource.proxy.id
  http_method             = aws_api_gateway_method.any.http_method
  type                    = "HTTP_PROXY"
  integration_http_method = "ANY"
  uri                     = "http://$${stageVariables.restProxy}/{proxy}"
  request_parameters      = { "integration.request.path.proxy" = "method.request.path.proxy" }
  cache_key_parameters    = ["method.request.path.proxy"]
}
resource "aws_api_gateway_method" "post" {
  rest_api_id          = aws_api_gateway_rest_api.steps.id
  resource_id          = aws_api_gateway_resource.topics.id
  http_method          = "POST"
  authorization        = "NONE"
  operation_name       = "PostRow${var.note}"
  request_models       = { "application/json" = aws_api_gateway_model.row.name }
  request_validator_id = aws_api_gateway_request_validator.body.id
}
resource "aws_api_gateway_method_response" "ok" {
  rest_api_id         = aws_api_gateway_rest_api.steps.id
  resource_id         = aws_api_gateway_resource.topics.id
  http_method         = aws_api_gateway_method.post.http_method
  status_code         = "200"
  response_models     = { "application/json" = "Empty" }
  response_parameters = { "method.response.header.X-Own" = true }
}
resource "aws_api_gateway_integration" "mock" {
  rest_api_id          = aws_api_gateway_rest_api.steps.id
  resource_id          = aws_api_gateway_resource.topics.id
  http_method          = aws_api_gateway_method.post.http_method
  type                 = "MOCK"
  request_templates    = { "application/json" = jsonencode({ statusCode = 200 }) }
  timeout_milliseconds = var.number
}
resource "aws_api_gateway_integration_response" "ok" {
  rest_api_id         = aws_api_gateway_rest_api.steps.id
  resource_id         = aws_api_gateway_resource.topics.id
  http_method         = aws_api_gateway_integration.mock.http_method
  status_code         = aws_api_gateway_method_response.ok.status_code
  response_parameters = { "method.response.header.X-Own" = "'${var.note}'" }
  response_templates  = { "application/json" = "" }
}
resource "aws_api_gateway_gateway_response" "missing" {
  rest_api_id         = aws_api_gateway_rest_api.steps.id
  response_type       = "MISSING_AUTHENTICATION_TOKEN"
  status_code         = "404"
  response_templates  = { "application/json" = "{\"message\":$context.error.messageString}" }
  response_parameters = { "gatewayresponse.header.X-Own" = "'${var.note}'" }
}
resource "aws_api_gateway_deployment" "this" {
  rest_api_id = aws_api_gateway_rest_api.steps.id
  depends_on  = [aws_api_gateway_integration.any, aws_api_gateway_integration_response.ok]
}
resource "aws_api_gateway_stage" "dev" {
  rest_api_id   = aws_api_gateway_rest_api.steps.id
  deployment_id = aws_api_gateway_deployment.this.id
  stage_name    = "dev"
  variables     = { restProxy = var.note }
  access_log_settings {
    destination_arn = "arn:aws:logs:us-east-1:123456789012:log-group:api"
    format          = "$context.requestId ${var.note}"
  }
  tags       = { stage = "dev" }
  depends_on = [aws_api_gateway_account.this]
}
resource "aws_api_gateway_method_settings" "all" {
  rest_api_id = aws_api_gateway_rest_api.steps.id
  stage_name  = aws_api_gateway_stage.dev.stage_name
  method_path = "*/*"
  settings {
    throttling_rate_limit  = var.number
    throttling_burst_limit = 50
    logging_level          = "INFO"
    metrics_enabled        = true
  }
}
resource "aws_api_gateway_method_settings" "one" {
  rest_api_id = aws_api_gateway_rest_api.steps.id
  stage_name  = aws_api_gateway_stage.dev.stage_name
  method_path = "topics-first/POST"
  settings { throttling_rate_limit = 5.5 }
}
resource "aws_api_gateway_usage_plan" "course" {
  name = "course"
  api_stages {
    api_id = aws_api_gateway_rest_api.steps.id
    stage  = aws_api_gateway_stage.dev.stage_name
  }
  throttle_settings {
    rate_limit  = var.number
    burst_limit = 20
  }
  quota_settings {
    limit  = var.number
    period = "DAY"
  }
  tags = { plan = "course" }
}
resource "aws_api_gateway_api_key" "student" {
  name  = "student-${var.note}"
  value = "a-key-value-of-the-terraform-test"
  tags  = { key = "student" }
}
resource "aws_api_gateway_usage_plan_key" "student" {
  key_id        = aws_api_gateway_api_key.student.id
  key_type      = "API_KEY"
  usage_plan_id = aws_api_gateway_usage_plan.course.id
}
data "aws_api_gateway_export" "dev" {
  rest_api_id = aws_api_gateway_stage.dev.rest_api_id
  stage_name  = aws_api_gateway_stage.dev.stage_name
  export_type = "oas30"
}
