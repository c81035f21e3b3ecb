"""Credentials of the source database: the course's YAML file, overridden by `RDS_*` settings."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from pydantic import SecretStr
from sqlalchemy import URL

from lib.errors import CredentialsError
from lib.settings import Settings

COURSE_KEYS = ("HOST", "USER", "PASSWORD", "DATABASE", "PORT")
TLS_KEY = "SSL_CA"
HOW_TO_MEND = 'Mend it with `eval "$(sandbox env)"`, or copy credentials/creds_template.yaml and fill it in.'


@dataclass(frozen=True, slots=True)
class DatabaseCredentials:
    """Where the database is and who reads it; the password is masked in every repr.

    Attributes:
        host, port: address of the server.
        user, password: a user that may SELECT; nothing more is needed.
        database: name of the schema.
        ssl_ca: file of the certificate authority; if given, only TLS to a certificate that names `host` will do.
    """

    host: str
    user: str
    password: SecretStr
    database: str
    port: int
    ssl_ca: Path | None = None

    @classmethod
    def from_yaml(cls, path: Path) -> DatabaseCredentials:
        """Read the course's YAML file of five keys; CredentialsError names what is missing."""
        return cls._from_keys(_read_yaml(path), origin=str(path))

    @classmethod
    def from_settings(cls, settings: Settings) -> DatabaseCredentials:
        """The keys of the file `RDS_CREDENTIALS`, if set, each overridden by its `RDS_...` setting, if set."""
        path = settings.rds_credentials
        keys = _read_yaml(path) if path else {}
        origin = f"{path} and the RDS_* settings" if path else "the RDS_* settings (RDS_CREDENTIALS is not set)"
        return cls._from_keys(keys | _overrides(settings), origin=origin)

    @classmethod
    def _from_keys(cls, keys: dict[str, Any], origin: str) -> DatabaseCredentials:
        missing = [key for key in COURSE_KEYS if keys.get(key) in (None, "")]
        if missing:
            raise CredentialsError(f"{', '.join(missing)} missing in {origin}. {HOW_TO_MEND}")
        return cls(
            host=str(keys["HOST"]),
            user=str(keys["USER"]),
            password=_password(keys["PASSWORD"], origin),
            database=str(keys["DATABASE"]),
            port=_port(keys["PORT"], origin),
            ssl_ca=Path(keys[TLS_KEY]).expanduser() if keys.get(TLS_KEY) else None,
        )

    @property
    def url(self) -> URL:
        """The SQLAlchemy URL; its text form shows `***` for the password."""
        return URL.create(
            "mysql+pymysql",
            username=self.user,
            password=self.password.get_secret_value(),
            host=self.host,
            port=self.port,
            database=self.database,
            query={"charset": "utf8mb4"},
        )


def _overrides(settings: Settings) -> dict[str, Any]:
    values = {key: getattr(settings, f"rds_{key.lower()}") for key in (*COURSE_KEYS, TLS_KEY)}
    return {key: value for key, value in values.items() if value is not None}


def _read_yaml(path: Path) -> dict[str, Any]:
    try:
        content = yaml.safe_load(path.expanduser().read_text(encoding="utf-8"))
    except OSError as error:
        raise CredentialsError(
            f"The credentials file {path} cannot be read ({error.strerror}). {HOW_TO_MEND}"
        ) from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        # The parser's own message quotes the line, and the line may be the password's.
        mark = getattr(error, "problem_mark", None)
        line = f" at line {mark.line + 1}" if mark else ""
        raise CredentialsError(f"{path} is no valid YAML{line}. {HOW_TO_MEND}") from None
    if not isinstance(content, dict):
        raise CredentialsError(f"{path} must hold lines `KEY: value`. {HOW_TO_MEND}")
    return content


def _password(value: object, origin: str) -> SecretStr:
    if isinstance(value, SecretStr):
        return value
    if not isinstance(value, str):
        # YAML reads 0123 as 83 and 1e5 as a float: only quotes keep such a password whole.
        raise CredentialsError(f"PASSWORD in {origin} was read as a {type(value).__name__}: put it in quotes.")
    return SecretStr(value)


def _port(value: object, origin: str) -> int:
    try:
        return int(str(value))
    except ValueError:
        raise CredentialsError(f"PORT in {origin} is not a whole number.") from None
