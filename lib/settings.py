"""The course's settings: environment variables first, then the nearest `.env` file.

The names are those of `credentials/template.env`. The `.env` file is looked for in the working directory and its
parents, then in the repository's root. A variable of the environment beats the file; an empty one does not count.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pydantic import SecretStr, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from lib.errors import SettingsError

REPOSITORY = Path(__file__).resolve().parent.parent
DEFAULT_STATE_DIR = Path("~/.pinterest-pipeline")


class Settings(BaseSettings):
    """What the course's programs know about the world around them; every value is optional until it is needed.

    A relative path is relative to the folder of the `.env` file, or to the working directory if there is no such file.
    """

    model_config = SettingsConfigDict(
        env_file_encoding="utf-8", env_ignore_empty=True, extra="ignore", frozen=True, hide_input_in_errors=True
    )

    user_id: str | None = None
    aws_profile: str | None = None
    aws_config_file: Path | None = None
    aws_shared_credentials_file: Path | None = None
    rds_credentials: Path | None = None
    rds_host: str | None = None
    rds_user: str | None = None
    rds_password: SecretStr | None = None
    rds_database: str | None = None
    rds_port: int | None = None
    rds_ssl_ca: Path | None = None
    api_invoke_url: str | None = None
    api_key: SecretStr | None = None
    bootstrap_servers: str | None = None
    kafka_client_properties: Path | None = None
    bucket: str | None = None
    raw_path: str | None = None
    checkpoint_path: str | None = None
    state_dir: Path = DEFAULT_STATE_DIR
    databricks_host: str | None = None
    databricks_token: SecretStr | None = None
    spark_remote: str | None = None
    spark_connect_authenticate_token: SecretStr | None = None
    airflow_url: str | None = None
    course_catch_up: str | None = None
    answer_key: Path | None = None
    strict_checks: str | None = None

    def require(self, name: str) -> Any:
        """The value of the setting `name` (in lower case); SettingsError if nobody set it."""
        value = getattr(self, name)
        if value is None:
            raise SettingsError(
                f"{name.upper()} is set neither in the environment nor in a `.env` file. "
                f'Mend it with `eval "$(sandbox env)"`, or copy credentials/template.env to .env and fill it in.'
            )
        return value


def find_env_file(start: Path | None = None) -> Path | None:
    """The nearest `.env` at or above `start` (default: the working directory), else the repository's own."""
    first = (start or Path.cwd()).resolve()
    folders = (first, *first.parents, REPOSITORY)
    return next((folder / ".env" for folder in folders if (folder / ".env").is_file()), None)


def load_settings(start: Path | None = None) -> Settings:
    """Read the settings; SettingsError names every variable whose value cannot be read, and never the value."""
    env_file = find_env_file(start)
    try:
        settings = Settings(_env_file=env_file)  # type: ignore[call-arg]  # an argument of pydantic-settings, no field
    except ValidationError as error:
        names = ", ".join(sorted({str(detail["loc"][0]).upper() for detail in error.errors()}))
        where = f"the environment or {env_file}" if env_file else "the environment"
        raise SettingsError(f"{names}: the value in {where} cannot be read. See credentials/template.env.") from None
    return _with_absolute_paths(settings, env_file.parent if env_file else Path.cwd())


def _with_absolute_paths(settings: Settings, folder: Path) -> Settings:
    paths = {name: folder / value.expanduser() for name, value in settings if isinstance(value, Path)}
    return settings.model_copy(update=paths)
