"""The secrets of a sandbox stay what they are, also when a later version of the kit adds one."""

import json
import stat
from pathlib import Path

from sandbox.secrets import load_secrets, secrets_file
from sandbox.settings import Settings


def plain(settings: Settings) -> dict[str, str]:
    return json.loads(secrets_file(settings).read_text())


def test_secrets_are_made_once(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path / "home")
    first = load_secrets(settings)
    assert load_secrets(settings) == first


def test_a_new_secret_is_kept_beside_the_old_ones(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path / "home")
    load_secrets(settings)
    older = {name: value for name, value in plain(settings).items() if name != "databricks_token"}
    secrets_file(settings).write_text(json.dumps(older))
    made = load_secrets(settings)
    assert plain(settings) == {**older, "databricks_token": made.databricks_token.get_secret_value()}
    assert load_secrets(settings) == made
    assert stat.S_IMODE(secrets_file(settings).stat().st_mode) == 0o600
