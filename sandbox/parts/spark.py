"""The Databricks cluster: a Spark Connect server with Delta, S3A and a catalog that lasts."""

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from sandbox import downloads
from sandbox.environment import profile_variables
from sandbox.java import find_java
from sandbox.parts.base import HOST, Part
from sandbox.parts.s3 import REGION, S3
from sandbox.settings import ROOT, write_private

# What a long-lived server remembers of finished queries and closed notebooks fills a small heap.
FORGET_SOON = {
    "spark.sql.ui.retainedExecutions": 5,
    "spark.ui.retainedJobs": 20,
    "spark.ui.retainedStages": 20,
    "spark.ui.retainedTasks": 200,
    "spark.connect.session.manager.defaultSessionTimeout": "8h",
    "spark.cleaner.periodicGC.interval": "1min",
    "spark.sql.codegen.cache.maxEntries": 2000,
}
# The heap gives back what a burst of work took, all of it at the next periodic collection: most of the day the sandbox
# sits idle.
HEAP = [
    "-Xmx1g",
    "-XX:+UseSerialGC",
    "-XX:MinHeapFreeRatio=20",
    "-XX:MaxHeapFreeRatio=40",
    "-XX:-ShrinkHeapInSteps",
    "-XX:-UsePerfData",
]
PROFILE_CREDENTIALS = "software.amazon.awssdk.auth.credentials.ProfileCredentialsProvider"
# What the server's Python processes begin with.
SERVER_PYTHON = ROOT / "sandbox" / "spark_python"
SERVER = "org.apache.spark.sql.connect.service.SparkConnectServer"
OPENED = (
    "java.lang", "java.lang.invoke", "java.lang.reflect", "java.io", "java.net", "java.nio", "java.util",
    "java.util.concurrent", "java.util.concurrent.atomic", "sun.nio.ch", "sun.nio.cs", "sun.security.action",
    "sun.util.calendar", "jdk.internal.ref",
)  # fmt: skip


class Spark(Part):
    """Spark Connect: notebooks attach to it as to a cluster, over gRPC with a token."""

    name = "spark"
    stands_for = "Databricks cluster"
    port_names = ("spark",)
    seconds = 150

    @property
    def address(self) -> str:
        """What SPARK_REMOTE holds. The name, not the number: gRPC sends a token to `localhost` only."""
        return f"sc://localhost:{self.port}"

    @property
    def defaults(self) -> Path:
        """The server's Spark properties."""
        return self.settings.config(self.name) / "spark-defaults.conf"

    @property
    def checkpoints(self) -> Path:
        """Where the streaming queries keep how far they are."""
        return self.folder / "checkpoints"

    @property
    def logging(self) -> Path:
        """The server's logging configuration."""
        return self.settings.config(self.name) / "log4j2.properties"

    def prepare(self) -> None:
        """Write the properties; the secret of S3 is not among them, Spark reads it from the AWS profile."""
        write_private(self.defaults, "".join(f"{key} {value}\n" for key, value in self.properties().items()))
        write_private(self.logging, LOGGING)
        (self.folder / "tmp").mkdir(parents=True, exist_ok=True, mode=0o700)

    def properties(self) -> dict[str, object]:
        """The Spark properties. Delta's log queries run on one partition: the default of 50 dominates small tables."""
        metastore, s3 = self.folder / "metastore", S3(self.settings, self.secrets)
        return {
            "spark.master": "local[2]",
            "spark.app.name": "sandbox",
            "spark.driver.host": HOST,
            "spark.driver.bindAddress": HOST,
            "spark.connect.grpc.binding.address": HOST,
            "spark.connect.grpc.binding.port": self.port,
            "spark.ui.enabled": "false",
            "spark.local.dir": self.folder / "tmp",
            "spark.sql.shuffle.partitions": 4,
            "spark.sql.session.timeZone": "UTC",
            "spark.sql.ansi.enabled": "true",
            "spark.sql.extensions": "io.delta.sql.DeltaSparkSessionExtension",
            "spark.sql.catalog.spark_catalog": "org.apache.spark.sql.delta.catalog.DeltaCatalog",
            "spark.sql.catalogImplementation": "hive",
            "spark.sql.warehouse.dir": self.folder / "warehouse",
            "spark.hadoop.javax.jdo.option.ConnectionURL": f"jdbc:derby:;databaseName={metastore};create=true",
            "spark.hadoop.datanucleus.schema.autoCreateTables": "true",
            "spark.databricks.delta.snapshotPartitions": 1,
            "spark.hadoop.fs.s3a.endpoint": f"http://{HOST}:{self.settings.ports['s3']}",
            "spark.hadoop.fs.s3a.endpoint.region": REGION,
            "spark.hadoop.fs.s3a.path.style.access": "true",
            "spark.hadoop.fs.s3a.aws.credentials.provider": PROFILE_CREDENTIALS,
            "spark.hadoop.fs.s3a.change.detection.mode": "none",
            "spark.hadoop.fs.dbfs.impl": "org.apache.hadoop.fs.viewfs.ViewFileSystemOverloadScheme",
            f"spark.hadoop.fs.viewfs.mounttable.default.link.{s3.mount_point}": f"s3a://{s3.bucket}/",
            "spark.python.worker.reuse": "true",
            **FORGET_SOON,
        }

    def command(self) -> Sequence[str | Path]:
        """Run the server in the foreground."""
        jars = downloads.folder(self.settings, downloads.SPARK)
        options = [f"--add-opens=java.base/{package}=ALL-UNNAMED" for package in OPENED]
        options += ["-XX:+IgnoreUnrecognizedVMOptions", "-Djdk.reflect.useDirectMethodHandle=false"]
        options += ["-Dio.netty.tryReflectionSetAccessible=true", f"-Dlog4j2.configurationFile={self.logging}"]
        options += [
            f"-Dderby.system.home={self.folder}",
            f"-Djava.io.tmpdir={self.folder / 'tmp'}",
            "-Duser.timezone=UTC",
        ]
        java: list[str | Path] = [find_java(self.settings).path, *HEAP, *options]
        class_path = ["-cp", f"{jars}/*:{downloads.spark_home()}/jars/*"]
        submit: list[str | Path] = [
            "org.apache.spark.deploy.SparkSubmit",
            "--class",
            SERVER,
            "--properties-file",
            self.defaults,
        ]
        return [*java, *class_path, *submit, "spark-internal"]

    def environment(self) -> Mapping[str, str]:
        """The token, the AWS profile, and the Python that runs user functions."""
        return {
            "SPARK_HOME": str(downloads.spark_home()),
            "SPARK_LOCAL_IP": HOST,
            "SPARK_NO_DAEMONIZE": "1",
            "SPARK_CONNECT_AUTHENTICATE_TOKEN": self.secrets.spark_token.get_secret_value(),
            "PYSPARK_PYTHON": sys.executable,
            "PYTHONPATH": str(SERVER_PYTHON),
            **profile_variables(self.settings),
        }

    def probe(self) -> None:
        """Run a query."""
        from sandbox.parts.spark_session import session

        with session(self) as spark:
            spark.sql("SELECT 1").collect()


LOGGING = """status=ERROR
appender.stdout.type=Console
appender.stdout.name=stdout
appender.stdout.layout.type=PatternLayout
appender.stdout.layout.pattern=%d{yyyy-MM-dd'T'HH:mm:ss.SSS'Z'}{UTC} %p %c{1} - %m%n%xEx{20}
rootLogger.level=WARN
rootLogger.appenderRef.stdout.ref=stdout
logger.connect.name=org.apache.spark.sql.connect.service.SparkConnectServer
logger.connect.level=INFO
"""
