"""The data generator: three tables of posts with the shape and the flaws of the course's own, from a seed."""

from sandbox.data.database import StoredDataset, load_database, stored_dataset
from sandbox.data.dials import Dials
from sandbox.data.errors import (
    DataBusyError,
    DataError,
    DataLoadError,
    InvalidDialsError,
    InvalidLayoutError,
    InvalidRowsError,
    InvalidSeedError,
)
from sandbox.data.expectations import Expectations, expectations, write_expectations
from sandbox.data.feed import feed
from sandbox.data.files import write_json_lines, write_parquet
from sandbox.data.limits import DEFAULT_CHUNK_ROWS, MAX_ROWS, MAX_SEED, MIN_ROWS, REFERENCE_ROWS
from sandbox.data.schema import ENTITIES, GEO, PIN, USER, Entity
from sandbox.data.tables import Chunk, generate

TABLES = {entity.name: entity.table for entity in ENTITIES}

__all__ = [
    "DEFAULT_CHUNK_ROWS",
    "ENTITIES",
    "GEO",
    "MAX_ROWS",
    "MAX_SEED",
    "MIN_ROWS",
    "PIN",
    "REFERENCE_ROWS",
    "TABLES",
    "USER",
    "Chunk",
    "DataBusyError",
    "DataError",
    "DataLoadError",
    "Dials",
    "Entity",
    "Expectations",
    "InvalidDialsError",
    "InvalidLayoutError",
    "InvalidRowsError",
    "InvalidSeedError",
    "StoredDataset",
    "expectations",
    "feed",
    "generate",
    "load_database",
    "stored_dataset",
    "write_expectations",
    "write_json_lines",
    "write_parquet",
]
