"""The parts of the sandbox, in the order in which they need one another."""

from sandbox.parts.airflow import AIRFLOW
from sandbox.parts.api_gateway import ApiGateway
from sandbox.parts.aws import Aws
from sandbox.parts.base import Part
from sandbox.parts.jobs import Jobs
from sandbox.parts.kafka import Kafka
from sandbox.parts.kinesis import Kinesis
from sandbox.parts.mariadb import MariaDB
from sandbox.parts.msk import Msk
from sandbox.parts.msk_connect import MskConnect
from sandbox.parts.rest_proxy import RestProxy
from sandbox.parts.s3 import S3
from sandbox.parts.spark import Spark

PARTS: tuple[type[Part], ...] = (
    MariaDB,
    Kafka,
    S3,
    Aws,
    Spark,
    RestProxy,
    ApiGateway,
    MskConnect,
    Msk,
    Kinesis,
    Jobs,
)
# What starts only when it is asked for: `sandbox airflow up`.
EXTRAS: tuple[type[Part], ...] = AIRFLOW

__all__ = ["EXTRAS", "PARTS", "Part"]
