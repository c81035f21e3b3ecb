"""RDSDBConnector: where its credentials come from, what it reads, and what its errors say."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
import yaml
from pydantic import SecretStr
from source_tables import SourceTables, row_of, source_tables

from lib.entities import ENTITIES, GEO, PIN, USER
from lib.errors import (
    CourseError,
    CredentialsError,
    DatabaseRefusedError,
    DatabaseUnreachableError,
    SourceError,
    UnknownDatabaseError,
    UnknownTableError,
)
from lib.rds_credentials import DatabaseCredentials
from lib.rds_db_connector import InvalidDatetime, RDSDBConnector
from lib.settings import Settings

PASSWORD = "s3cret pässword: '"
KEYS = {"HOST": "db.example", "USER": "reader", "PASSWORD": PASSWORD, "DATABASE": "pinterest_data", "PORT": 3306}
TEMPLATE = Path(__file__).resolve().parents[1] / "credentials" / "creds_template.yaml"


def yaml_file(folder: Path, **changes: Any) -> Path:
    path = folder / "creds.yaml"
    path.write_text(yaml.safe_dump(KEYS | changes, allow_unicode=True))
    return path


def test_the_courses_yaml_file_is_read(tmp_path: Path) -> None:
    credentials = DatabaseCredentials.from_yaml(yaml_file(tmp_path))
    assert credentials == DatabaseCredentials("db.example", "reader", SecretStr(PASSWORD), "pinterest_data", 3306)


def test_the_template_has_the_form_that_is_read() -> None:
    assert DatabaseCredentials.from_yaml(TEMPLATE).port == 3306


def test_each_setting_beats_its_key_of_the_file(tmp_path: Path) -> None:
    settings = Settings(rds_credentials=yaml_file(tmp_path), rds_host="other.example", rds_port=3307)
    credentials = DatabaseCredentials.from_settings(settings)
    assert (credentials.host, credentials.port, credentials.user) == ("other.example", 3307, "reader")


def test_settings_alone_suffice() -> None:
    settings = Settings(
        rds_host="h",
        rds_user="u",
        rds_password=SecretStr("p"),
        rds_database="d",
        rds_port=1,
        rds_ssl_ca=Path("/ca.pem"),
    )
    assert DatabaseCredentials.from_settings(settings).ssl_ca == Path("/ca.pem")


def test_a_missing_file_says_which_and_how_to_mend_it(tmp_path: Path) -> None:
    with pytest.raises(CredentialsError, match=r"nowhere\.yaml.*creds_template\.yaml"):
        DatabaseCredentials.from_yaml(tmp_path / "nowhere.yaml")


def test_missing_keys_are_named(tmp_path: Path) -> None:
    with pytest.raises(CredentialsError, match=r"USER, PORT missing in .*creds\.yaml.*creds_template"):
        DatabaseCredentials.from_yaml(yaml_file(tmp_path, USER="", PORT=None))


def test_nothing_set_at_all_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in Settings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)
    with pytest.raises(CredentialsError, match="RDS_CREDENTIALS is not set"):
        DatabaseCredentials.from_settings(Settings())


@pytest.mark.parametrize("value", [12345, 0o123, 1.5, True])
def test_a_password_that_yaml_read_as_something_else_wants_quotes(tmp_path: Path, value: object) -> None:
    with pytest.raises(CredentialsError, match="put it in quotes"):
        DatabaseCredentials.from_yaml(yaml_file(tmp_path, PASSWORD=value))


def test_broken_yaml_names_the_line_and_does_not_quote_it(tmp_path: Path) -> None:
    path = tmp_path / "creds.yaml"
    path.write_text("HOST: h\nPASSWORD: 'sehr geheim\nPORT: 1\n")
    with pytest.raises(CredentialsError, match="no valid YAML at line") as caught:
        DatabaseCredentials.from_yaml(path)
    assert "geheim" not in str(caught.value)
    assert caught.value.__cause__ is None


def test_a_port_that_is_no_number_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CredentialsError, match="PORT"):
        DatabaseCredentials.from_yaml(yaml_file(tmp_path, PORT="mysql"))


def test_no_repr_shows_the_password(tmp_path: Path) -> None:
    credentials = DatabaseCredentials.from_yaml(yaml_file(tmp_path))
    connector = RDSDBConnector(credentials)
    shown = f"{credentials!r} {credentials.url} {credentials.url!r} {connector!r} {connector.engine!r}"
    assert "s3cret" not in shown
    assert "reader:***@db.example" in shown


def test_a_host_that_does_not_answer_is_unreachable(free_port: int) -> None:
    credentials = DatabaseCredentials("127.0.0.1", "reader", SecretStr(PASSWORD), "pinterest_data", free_port)
    with pytest.raises(DatabaseUnreachableError, match=f"127.0.0.1:{free_port}.*sandbox status") as caught:
        RDSDBConnector(credentials).count(PIN)
    assert "s3cret" not in str(caught.value)


def test_a_host_that_has_no_address_is_unreachable() -> None:
    credentials = DatabaseCredentials("no-such-host.invalid", "reader", SecretStr(PASSWORD), "pinterest_data", 3306)
    with pytest.raises(DatabaseUnreachableError, match=r"no-such-host\.invalid"):
        RDSDBConnector(credentials).count(PIN)


def test_a_certificate_authority_that_is_not_there_is_named(tmp_path: Path) -> None:
    credentials = DatabaseCredentials("127.0.0.1", "u", SecretStr("p"), "d", 3306, tmp_path / "no-ca.pem")
    with pytest.raises(SourceError, match=r"no-ca\.pem"):
        RDSDBConnector(credentials).count(PIN)


def test_every_error_of_the_source_is_a_course_error() -> None:
    assert issubclass(SourceError, CourseError)


@pytest.fixture(scope="module")
def tables(sandbox: Any) -> Iterator[SourceTables]:
    with source_tables(sandbox.engine) as tables:
        tables.fill(25)
        yield tables


@pytest.fixture(scope="module")
def connector(tables: SourceTables) -> Iterator[RDSDBConnector]:
    with RDSDBConnector(tables.credentials) as connector:
        yield connector


@pytest.mark.sandbox
@pytest.mark.parametrize("entity", ENTITIES, ids=lambda entity: entity.name)
def test_chunks_by_key_bring_every_row_once_and_whole(connector: RDSDBConnector, entity: Any) -> None:
    rows, after = [], None
    while chunk := connector.rows_after(entity, after, 10):
        assert len(chunk) <= 10
        rows += [tuple(row) for row in chunk]
        after = chunk[-1][0]
    assert rows == [row_of(entity, key) for key in range(25)]


@pytest.mark.sandbox
def test_reading_goes_on_after_any_key(connector: RDSDBConnector) -> None:
    assert [row[0] for row in connector.rows_after(GEO, 21, 10)] == [22, 23, 24]


@pytest.mark.sandbox
def test_rows_of_given_keys_come_once_each(connector: RDSDBConnector) -> None:
    assert {row[0] for row in connector.rows_with_keys(USER, [3, 3, 7, 999])} == {3, 7}


@pytest.mark.sandbox
def test_a_refilled_table_has_another_identity(tables: SourceTables, connector: RDSDBConnector) -> None:
    before = connector.identity(PIN.table, PIN.key)
    assert connector.identity(PIN.table, PIN.key) == before
    tables.run("DO SLEEP(1.1)")  # the server counts creation times in seconds
    tables.fill(25)
    assert connector.identity(PIN.table, PIN.key) != before


@pytest.mark.sandbox
def test_a_table_without_a_key_is_refused(tables: SourceTables, connector: RDSDBConnector) -> None:
    tables.run("CREATE OR REPLACE TABLE keyless (ind INT)")
    with pytest.raises(UnknownTableError, match="ADD PRIMARY KEY"):
        connector.identity("keyless", "ind")


@pytest.mark.sandbox
def test_a_missing_table_names_the_command_that_fills_it(connector: RDSDBConnector) -> None:
    with pytest.raises(UnknownTableError, match=r"nowhere.*sandbox data"):
        connector.count(replace(PIN, table="nowhere"))


@pytest.mark.sandbox
def test_sessions_run_in_utc(connector: RDSDBConnector) -> None:
    with connector.engine.connect() as connection:
        assert connection.exec_driver_sql("SELECT @@session.time_zone").scalar() == "+00:00"


@pytest.mark.sandbox
def test_a_timestamp_is_read_in_utc_with_its_fraction(tables: SourceTables, connector: RDSDBConnector) -> None:
    tables.run("CREATE OR REPLACE TABLE moments (ind INT PRIMARY KEY, moment TIMESTAMP(3))")
    tables.run("INSERT INTO moments VALUES (1, FROM_UNIXTIME(1577836800.25))")
    rows = connector.rows_after(replace(GEO, table="moments", columns=("ind", "moment")), None, 5)
    assert tuple(rows[0]) == (1, datetime(2020, 1, 1, 0, 0, 0, 250_000))


@pytest.mark.sandbox
def test_a_date_no_calendar_has_is_kept_apart_from_text(tables: SourceTables, connector: RDSDBConnector) -> None:
    tables.run("CREATE OR REPLACE TABLE days (ind INT PRIMARY KEY, day DATETIME)")
    tables.run("SET STATEMENT sql_mode = '' FOR INSERT INTO days VALUES (1, '0000-00-00')")
    rows = connector.rows_after(replace(GEO, table="days", columns=("ind", "day")), None, 5)
    assert tuple(rows[0]) == (1, InvalidDatetime("0000-00-00 00:00:00"))


@pytest.mark.sandbox
def test_a_wrong_password_is_refused_and_not_shown(tables: SourceTables) -> None:
    wrong = replace(tables.credentials, password=SecretStr(PASSWORD))
    with pytest.raises(DatabaseRefusedError, match=r"Access denied.*sandbox env") as caught:
        RDSDBConnector(wrong).count(PIN)
    assert "s3cret" not in f"{caught.value} {caught.value.__cause__}"


@pytest.mark.sandbox
def test_an_unknown_database_is_named(tables: SourceTables) -> None:
    with pytest.raises(UnknownDatabaseError, match=r"no_such_database.*sandbox data"):
        RDSDBConnector(replace(tables.credentials, database="no_such_database")).count(PIN)
