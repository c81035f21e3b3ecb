"""The data source `kinesis`."""

from __future__ import annotations

from collections.abc import Mapping

from pyspark.sql.datasource import DataSource
from pyspark.sql.types import StructType

from pyspark_kinesis.batches import SCHEMA
from pyspark_kinesis.errors import InvalidOptionError
from pyspark_kinesis.options import read_options
from pyspark_kinesis.reader import KinesisStreamReader


class KinesisDataSource(DataSource):
    """Streams of Amazon Kinesis, with the option names and the columns of Databricks' source of the same name.

    Options (names in any case):
        streamName: the streams, apart by commas. This or streamARN is required.
        streamARN: the streams by their ARNs.
        region: default: of streamARN, or the AWS profile's.
        endpoint: default: the AWS profile's, or the region's.
        initialPosition: where a query without a checkpoint begins: `latest` (default), `earliest` or `trim_horizon`,
            or `{"at_timestamp": "06/25/2020 10:23:45 PDT", "format": "MM/dd/yyyy HH:mm:ss ZZZ"}`.
        maxRecordsPerFetch: most records of one GetRecords, 1 to 10000 (default).
        maxRecordsPerTrigger: most records of a batch; default 100000. A batch ends after 64 MiB, too.
        failOnDataLoss: whether it is an error that unread records may have left the stream; default true.
        awsAccessKey, awsSecretKey, awsSessionToken: default: the credentials of the AWS profile or environment.
        roleArn, roleSessionName, roleExternalId, stsEndpoint: a role to take on.
        consumerMode: `polling`, the only one there is here.
        The options that tune Databricks' fetcher are accepted and have no effect.

    Columns: partitionKey string, data binary, stream string, shardId string, sequenceNumber string,
    approximateArrivalTimestamp timestamp.

    Example:
        >>> records = spark.readStream.format("kinesis").option("streamName", "clicks").load()  # doctest: +SKIP
        >>> texts = records.selectExpr("CAST(data AS STRING) AS text")  # doctest: +SKIP
        >>> texts.writeStream.option("checkpointLocation", "/tmp/clicks").toTable("clicks")  # doctest: +SKIP
    """

    def __init__(self, options: Mapping[str, str]) -> None:
        """Check the options. Raises `InvalidOptionError`."""
        self._options = read_options(options)

    @classmethod
    def name(cls) -> str:
        """What `format` is given."""
        return "kinesis"

    def schema(self) -> StructType:
        """The columns."""
        return SCHEMA

    def streamReader(self, schema: StructType) -> KinesisStreamReader:
        """A reader. Raises `InvalidOptionError` for columns other than its own."""
        if schema != SCHEMA:
            raise InvalidOptionError("The columns of the kinesis source are given. Leave out .schema(...).")
        return KinesisStreamReader(self._options)
