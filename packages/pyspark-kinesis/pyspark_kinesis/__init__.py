"""`spark.readStream.format("kinesis")` for open-source Spark.

Spark finds `DefaultSource` by itself, because the package's name begins with `pyspark_`; nothing is registered.
"""

from pyspark_kinesis.source import KinesisDataSource

DefaultSource = KinesisDataSource

__all__ = ["DefaultSource", "KinesisDataSource"]
