"""The sandbox's secrets: made at first start, kept in one file with mode 0600, masked wherever they are shown."""

import json
import re
import secrets
from pathlib import Path

from dotenv import dotenv_values
from pydantic import BaseModel, Field, SecretStr

from sandbox.errors import SandboxError
from sandbox.settings import Settings, write_private

USER_ID = re.compile(r"[0-9a-f]{12}")


def token(characters: int) -> SecretStr:
    """Return a fresh random secret of hexadecimal characters, safe in any configuration file."""
    return SecretStr(secrets.token_hex(characters // 2))


class Secrets(BaseModel):
    """Who the student is, and every password of one sandbox."""

    user_id: str = Field(default_factory=lambda: secrets.token_hex(6))
    supervisor: SecretStr = Field(default_factory=lambda: token(32))
    mariadb_admin: SecretStr = Field(default_factory=lambda: token(32))
    mariadb_student: SecretStr = Field(default_factory=lambda: token(32))
    kafka_broker: SecretStr = Field(default_factory=lambda: token(32))
    kafka_student: SecretStr = Field(default_factory=lambda: token(32))
    aws_access_key_id: str = Field(default_factory=lambda: "AKIA" + secrets.token_hex(8).upper())
    aws_secret_access_key: SecretStr = Field(default_factory=lambda: token(40))
    api_key: SecretStr = Field(default_factory=lambda: token(40))
    spark_token: SecretStr = Field(default_factory=lambda: token(40))
    databricks_token: SecretStr = Field(default_factory=lambda: token(40))
    airflow: SecretStr = Field(default_factory=lambda: token(64))


def load_secrets(settings: Settings) -> Secrets:
    """Read the sandbox's secrets, making them at the first start; the user id may come from the student's `.env`."""
    path = secrets_file(settings)
    kept = json.loads(path.read_text()) if path.exists() else {}
    if not kept and (chosen := user_id_of(settings.env_file)):
        kept = {"user_id": chosen}
    made = Secrets.model_validate(kept)
    if set(kept) >= set(Secrets.model_fields):
        return made
    # The first start, or the first with a part that is new in the sandbox and needs a secret.
    plain = {name: value.get_secret_value() if isinstance(value, SecretStr) else value for name, value in made}
    write_private(path, json.dumps(plain, indent=2))
    return made


def secrets_file(settings: Settings) -> Path:
    """Where the secrets are kept."""
    return settings.home / "secrets.json"


def user_id_of(env_file: Path) -> str | None:
    """Return USER_ID of a `.env` file, or None where there is none; a malformed one is an error."""
    user_id = dotenv_values(env_file).get("USER_ID") if env_file.exists() else None
    if user_id and not USER_ID.fullmatch(user_id):
        raise SandboxError(
            f"USER_ID in {env_file} is {user_id!r}, not 12 hexadecimal characters.",
            "Correct that line, or remove it and the sandbox makes one.",
        )
    return user_id or None
