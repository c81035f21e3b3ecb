"""What each call answers, as data: one YAML file a service, run against the sandbox or against the real service."""
