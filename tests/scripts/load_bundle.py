"""Load a bundle's resources, JSON on the standard input, with Databricks' own package, and print what it has read.

Run by the tests in an environment that has it. An unknown field, a missing one and a value that is none are errors.
"""

import json
import sys

from databricks.bundles.catalogs import Catalog
from databricks.bundles.external_locations import ExternalLocation
from databricks.bundles.jobs import Job
from databricks.bundles.schemas import Schema
from databricks.bundles.volumes import Volume

KINDS = {
    "catalogs": Catalog,
    "external_locations": ExternalLocation,
    "jobs": Job,
    "schemas": Schema,
    "volumes": Volume,
}

if __name__ == "__main__":
    given = json.load(sys.stdin)
    read = {
        kind: {key: KINDS[kind].from_dict(resource).as_dict() for key, resource in resources.items()}
        for kind, resources in given.items()
    }
    print(json.dumps(read))
