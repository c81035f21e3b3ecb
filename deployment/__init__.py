"""From the templates of `aws/cloudformation` to stacks on an AWS account, and away: `make deploy PART=network`."""
