"""AWS and Databricks on a laptop: real servers, started and kept by the command `sandbox`."""
