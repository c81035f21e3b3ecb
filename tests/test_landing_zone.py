"""How `load_data` reaches the bucket in each access mode."""

from types import SimpleNamespace
from typing import Any

import pytest
from landing import USER, USER_ID, line

from lib.errors import SettingsError
from lib.jobs import load_data
from lib.landing_zone import reach
from lib.notebook import Parameters
from lib.tables import Tables
from sandbox.dbutils import DBUtils

BUCKET = "user-0123456789ab-bucket"
KEYS = {"aws_access_key": "AKIA", "aws_secret_key": "secret"}


class Databricks:
    """What the access modes touch of a session and of `dbutils`."""

    def __init__(self, mounted: tuple[str, ...] = ()) -> None:
        self.points = dict.fromkeys(mounted, "")
        self.configs: dict[str, dict[str, str]] = {}
        self.settings: dict[str, str] = {}
        self.conf = SimpleNamespace(set=self.settings.__setitem__)
        self.fs, self.secrets = self, self

    def mounts(self) -> list[Any]:
        return [SimpleNamespace(mountPoint=point) for point in self.points]

    def mount(self, source: str, mount_point: str, extra_configs: Any = None) -> None:
        self.points[mount_point], self.configs[mount_point] = source, extra_configs

    def get(self, scope: str, key: str) -> str:
        assert scope == "pinterest"
        return KEYS[key]


def reached(databricks: Databricks, raw_path: str, **changes: str) -> str:
    parameters = Parameters("c", "s", raw_path=raw_path, **changes)
    return reach(databricks, databricks, parameters).raw_path  # type: ignore[arg-type]


def test_direct_reads_the_path_as_it_is_by_the_clusters_own_right() -> None:
    databricks = Databricks()
    assert reached(databricks, f"s3a://{BUCKET}/topics") == f"s3a://{BUCKET}/topics"
    assert databricks.settings == {}


def test_direct_takes_keys_from_a_secret_scope() -> None:
    databricks = Databricks()
    reached(databricks, f"s3a://{BUCKET}/topics", secret_scope="pinterest")
    assert databricks.settings == {"fs.s3a.access.key": "AKIA", "fs.s3a.secret.key": "secret"}


def test_mount_mounts_the_bucket_and_reads_below_it() -> None:
    databricks = Databricks()
    path = reached(databricks, f"s3a://{BUCKET}/topics", access_mode="mount", secret_scope="pinterest")
    assert path == f"dbfs:/mnt/{BUCKET}/topics"
    assert databricks.points == {f"/mnt/{BUCKET}": f"s3a://{BUCKET}"}
    assert databricks.configs[f"/mnt/{BUCKET}"] == {"fs.s3a.access.key": "AKIA", "fs.s3a.secret.key": "secret"}


def test_mount_leaves_a_mounted_bucket_alone() -> None:
    databricks = Databricks(mounted=(f"/mnt/{BUCKET}",))
    assert reached(databricks, f"s3a://{BUCKET}/topics", access_mode="mount") == f"dbfs:/mnt/{BUCKET}/topics"
    assert databricks.configs == {}


def test_volume_reads_a_folder_of_a_volume() -> None:
    path = "/Volumes/workspace/pinterest/landing/topics"
    assert reached(Databricks(), path, access_mode="volume") == path


@pytest.mark.parametrize(
    ("mode", "path"),
    [("direct", "/Volumes/a/b/c"), ("mount", "/mnt/bucket/topics"), ("volume", "s3a://bucket/topics")],
)
def test_a_path_that_does_not_fit_its_mode_is_an_error_with_one_that_does(mode: str, path: str) -> None:
    with pytest.raises(SettingsError, match=f"access_mode={mode} needs a path such as"):
        reached(Databricks(), path, access_mode=mode)


def test_an_unknown_mode_is_an_error() -> None:
    with pytest.raises(SettingsError, match="'mnt': set it to direct, mount or volume"):
        reached(Databricks(), "s3a://bucket/topics", access_mode="mnt")


@pytest.mark.sandbox
@pytest.mark.filterwarnings("ignore::lib.jobs.NothingLandedWarning")
def test_the_sandbox_has_the_students_bucket_mounted(
    sandbox: Any, tables: Tables, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SANDBOX_HOME", str(sandbox.settings.home))
    key = f"mounted/{USER_ID}.user/partition=0/{USER_ID}.user+0+0000000000.json"
    sandbox.s3.put_object(Bucket=sandbox.bucket, Key=key, Body=f"{line(USER)}\n".encode())
    given = Parameters(tables.catalog, tables.schema, f"s3a://{sandbox.bucket}/mounted", USER_ID, access_mode="mount")
    where = reach(tables.spark, DBUtils(), given)
    for new_rows in (1, 0):
        assert {row.entity: row.new_rows for row in load_data(tables.spark, where).collect()}["user"] == new_rows
    (row,) = tables.known("raw_user").collect()
    assert row.source_file == f"dbfs:/mnt/{sandbox.bucket}/{key}"
    sandbox.s3.delete_object(Bucket=sandbox.bucket, Key=key)


@pytest.mark.sandbox
def test_the_sandbox_mounts_nothing_else(sandbox: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SANDBOX_HOME", str(sandbox.settings.home))
    (present,) = DBUtils().fs.mounts()
    with pytest.raises(ValueError, match=f"Directory already mounted: {present.mountPoint}"):
        DBUtils().fs.mount(present.source, present.mountPoint)
    with pytest.raises(ValueError, match="another cannot be mounted"):
        DBUtils().fs.mount("s3a://another", "/mnt/another")
