"""From the driver's error codes to this library's exceptions, each with the command that mends it."""

from __future__ import annotations

import pymysql
from pymysql.constants import CR, ER
from sqlalchemy.exc import DBAPIError

from lib.errors import (
    DatabaseRefusedError,
    DatabaseUnreachableError,
    SourceError,
    UnknownDatabaseError,
    UnknownTableError,
)
from lib.rds_credentials import DatabaseCredentials

HOW_TO_FILL = (
    "`sandbox data` fills the three tables; "
    "with --duplicates, --late, --drift or --poison it also makes the table `feed`."
)

_UNREACHABLE = (
    "The database at {at.host}:{at.port} does not answer ({text}). See `sandbox status`, then "
    "`sandbox restart mariadb`; on RDS check the security group and that the instance runs."
)
_REFUSED = (
    "The database at {at.host}:{at.port} refuses user {at.user!r} ({text}). Compare USER, PASSWORD and DATABASE "
    "of the credentials with `sandbox env`, or with the RDS console."
)
_NO_DATABASE = (
    "The server at {at.host}:{at.port} has no database {at.database!r}. `sandbox data` fills it; "
    "on RDS compare DATABASE of the credentials."
)
_NO_TABLE = "Database {at.database!r} at {at.host}:{at.port}: {text}. " + HOW_TO_FILL
_OTHER = "The database at {at.host}:{at.port} failed ({code}: {text}). See `sandbox logs mariadb`."

# The codes are those of the MySQL manual, "Error Message Reference": 2xxx made by the client, 1xxx by the server.
_BY_CODE: dict[int, tuple[type[SourceError], str]] = {
    CR.CR_CONNECTION_ERROR: (DatabaseUnreachableError, _UNREACHABLE),
    CR.CR_CONN_HOST_ERROR: (DatabaseUnreachableError, _UNREACHABLE),
    CR.CR_UNKNOWN_HOST: (DatabaseUnreachableError, _UNREACHABLE),
    CR.CR_SERVER_GONE_ERROR: (DatabaseUnreachableError, _UNREACHABLE),
    CR.CR_SERVER_LOST: (DatabaseUnreachableError, _UNREACHABLE),
    ER.CON_COUNT_ERROR: (DatabaseUnreachableError, _UNREACHABLE),
    ER.SERVER_SHUTDOWN: (DatabaseUnreachableError, _UNREACHABLE),
    ER.ACCESS_DENIED_ERROR: (DatabaseRefusedError, _REFUSED),
    ER.DBACCESS_DENIED_ERROR: (DatabaseRefusedError, _REFUSED),
    ER.TABLEACCESS_DENIED_ERROR: (DatabaseRefusedError, _REFUSED),
    ER.COLUMNACCESS_DENIED_ERROR: (DatabaseRefusedError, _REFUSED),
    ER.BAD_DB_ERROR: (UnknownDatabaseError, _NO_DATABASE),
    ER.NO_SUCH_TABLE: (UnknownTableError, _NO_TABLE),
    ER.BAD_FIELD_ERROR: (UnknownTableError, _NO_TABLE),
}


def source_error(error: DBAPIError, at: DatabaseCredentials) -> SourceError:
    """The exception of this library that says what `error` of the driver means; the password is in neither."""
    code, text = _code_and_text(error.orig)
    lost = (DatabaseUnreachableError, _UNREACHABLE) if error.connection_invalidated else (SourceError, _OTHER)
    kind, message = _BY_CODE.get(code, lost)
    return kind(message.format(at=at, code=code, text=text))


def _code_and_text(error: BaseException | None) -> tuple[int, str]:
    if isinstance(error, pymysql.MySQLError) and len(error.args) >= 2:
        return int(error.args[0]), str(error.args[1])
    return 0, str(error)
