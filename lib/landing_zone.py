"""The three ways in which Databricks reaches the bucket, as the access mode of `load_data` names them.

    direct   Spark reads `raw_path` itself: `s3a://user-USER_ID-bucket/topics`. By the cluster's own right (an
             instance profile, a Unity Catalog external location), or with keys from a secret scope.
    mount    the bucket of `raw_path` is mounted under `/mnt`, once a workspace, and read from there. The course's first
             way; Databricks keeps it for classic clusters only, serverless has no mounts.
    volume   `raw_path` is a folder of a Unity Catalog volume, `/Volumes/catalog/schema/volume/topics`, with the landed
             files: all that the Free Edition has.

An object is known by its path. Keep to one mode for a schema: another loads everything once more, which changes no
clean table, but doubles the raw ones.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from pyspark.sql import SparkSession

from lib.errors import SettingsError
from lib.notebook import Parameters

DIRECT, MOUNT, VOLUME = "direct", "mount", "volume"


def reach(spark: SparkSession, dbutils: Any, parameters: Parameters) -> Parameters:
    """The parameters with `raw_path` as Spark reads it in their access mode; what the mode needs is set up.

    Args:
        dbutils: its secrets are asked for keys where `secret_scope` is set, its `fs` mounts.

    Raises:
        SettingsError: the access mode is unknown, or `raw_path` is none of its paths.
    """
    parameters.require("raw_path")
    if parameters.access_mode == MOUNT:
        return replace(parameters, raw_path=_mounted(dbutils, parameters))
    if parameters.access_mode == DIRECT:
        _require(parameters, "://" in parameters.raw_path, "s3a://user-USER_ID-bucket/topics")
        for name, value in _keys(dbutils, parameters).items():
            spark.conf.set(name, value)
    elif parameters.access_mode == VOLUME:
        _require(parameters, parameters.raw_path.startswith("/Volumes/"), "/Volumes/catalog/schema/volume/topics")
    else:
        raise SettingsError(f"access_mode is {parameters.access_mode!r}: set it to {DIRECT}, {MOUNT} or {VOLUME}.")
    return parameters


def _mounted(dbutils: Any, parameters: Parameters) -> str:
    """`raw_path` below the bucket's mount point, which is made if it is not there."""
    scheme, found, path = parameters.raw_path.partition("://")
    _require(parameters, bool(found), "s3a://user-USER_ID-bucket/topics, the bucket to mount")
    bucket, _, folder = path.partition("/")
    point = f"/mnt/{bucket}"
    if point not in {mount.mountPoint for mount in dbutils.fs.mounts()}:
        dbutils.fs.mount(f"{scheme}://{bucket}", point, extra_configs=_keys(dbutils, parameters))
    return f"dbfs:{point}/{folder}"


def _keys(dbutils: Any, parameters: Parameters) -> dict[str, str]:
    """The settings of S3A that hold the keys of the secret scope; none where there is no scope."""
    return parameters.aws_keys(dbutils, "fs.s3a.access.key", "fs.s3a.secret.key")


def _require(parameters: Parameters, holds: bool, example: str) -> None:
    if not holds:
        raise SettingsError(
            f"raw_path is {parameters.raw_path!r}; access_mode={parameters.access_mode} needs a path such as {example}."
        )
