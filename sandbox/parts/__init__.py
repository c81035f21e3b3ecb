"""The parts of the sandbox, in the order in which they need one another."""

from sandbox.parts.api_gateway import ApiGateway
from sandbox.parts.base import Part
from sandbox.parts.kafka import Kafka
from sandbox.parts.mariadb import MariaDB
from sandbox.parts.msk import Msk
from sandbox.parts.msk_connect import MskConnect
from sandbox.parts.rest_proxy import RestProxy
from sandbox.parts.s3 import S3
from sandbox.parts.spark import Spark

PARTS: tuple[type[Part], ...] = (MariaDB, Kafka, S3, Spark, RestProxy, ApiGateway, MskConnect, Msk)

__all__ = ["PARTS", "Part"]
