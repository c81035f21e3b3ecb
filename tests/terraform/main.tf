terraform {
  required_providers {
    aws = { source = "hashicorp/aws" }
  }
}

provider "aws" {
  s3_use_path_style = true
}

variable "name" { type = string }

resource "aws_s3_bucket" "landing" {
  bucket        = var.name
  force_destroy = true
}

resource "aws_kinesis_stream" "rows" {
  name        = var.name
  shard_count = 2
}

resource "aws_api_gateway_rest_api" "api" {
  name = var.name
}

resource "aws_api_gateway_resource" "topics" {
  rest_api_id = aws_api_gateway_rest_api.api.id
  parent_id   = aws_api_gateway_rest_api.api.root_resource_id
  path_part   = "topics"
}
