"""Settings: which `.env` counts, what beats what, and what an error tells."""

from pathlib import Path

import pytest
from dotenv import dotenv_values

import lib.settings
from lib.errors import SettingsError
from lib.settings import Settings, find_env_file, load_settings

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture(autouse=True)
def bare_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No variable of the developer's own, and a repository without a `.env`."""
    for name in Settings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)
    monkeypatch.setattr(lib.settings, "REPOSITORY", tmp_path / "repository")
    (tmp_path / "repository").mkdir()
    (tmp_path / "work" / "deep").mkdir(parents=True)
    monkeypatch.chdir(tmp_path / "work" / "deep")


def test_the_env_file_of_a_parent_of_the_working_directory_is_found(tmp_path: Path) -> None:
    (tmp_path / "work" / ".env").write_text("USER_ID=parent\n")
    assert load_settings().user_id == "parent"


def test_the_nearest_env_file_wins(tmp_path: Path) -> None:
    (tmp_path / "work" / ".env").write_text("USER_ID=far\nBUCKET=far\n")
    (tmp_path / "work" / "deep" / ".env").write_text("USER_ID=near\n")
    assert (load_settings().user_id, load_settings().bucket) == ("near", None)


def test_the_repositorys_env_file_is_the_last_resort(tmp_path: Path) -> None:
    (tmp_path / "repository" / ".env").write_text("USER_ID=repository\n")
    assert find_env_file() == tmp_path / "repository" / ".env"
    assert load_settings().user_id == "repository"


def test_the_environment_beats_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "work" / ".env").write_text("USER_ID=file\n")
    monkeypatch.setenv("USER_ID", "environment")
    assert load_settings().user_id == "environment"


def test_an_empty_variable_does_not_hide_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "work" / ".env").write_text("USER_ID=file\n")
    monkeypatch.setenv("USER_ID", "")
    assert load_settings().user_id == "file"


def test_a_relative_path_is_relative_to_the_env_file(tmp_path: Path) -> None:
    (tmp_path / "work" / ".env").write_text("RDS_CREDENTIALS=credentials/mine.yaml\n")
    assert load_settings().rds_credentials == tmp_path / "work" / "credentials" / "mine.yaml"


def test_without_an_env_file_a_relative_path_is_relative_to_the_working_directory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STATE_DIR", "state")
    assert load_settings().state_dir == tmp_path / "work" / "deep" / "state"


def test_the_default_state_folder_is_in_the_home_folder() -> None:
    assert load_settings().state_dir == Path.home() / ".pinterest-pipeline"


def test_a_required_setting_that_is_missing_names_the_variable_and_the_command() -> None:
    with pytest.raises(SettingsError, match=r"API_INVOKE_URL .*sandbox env.*template\.env"):
        load_settings().require("api_invoke_url")


def test_an_unreadable_value_is_named_and_not_quoted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RDS_PORT", "s3cret")
    with pytest.raises(SettingsError, match="RDS_PORT") as caught:
        load_settings()
    assert "s3cret" not in str(caught.value)


def test_no_repr_shows_a_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("RDS_PASSWORD", "API_KEY", "DATABRICKS_TOKEN", "SPARK_CONNECT_AUTHENTICATE_TOKEN"):
        monkeypatch.setenv(name, "s3cret")
    settings = load_settings()
    assert "s3cret" not in f"{settings!r} {settings} {settings.model_dump_json()}"
    assert settings.require("api_key").get_secret_value() == "s3cret"


def test_the_template_holds_exactly_the_settings() -> None:
    named = set(dotenv_values(ROOT / "credentials" / "template.env"))
    assert named == {name.upper() for name in Settings.model_fields}


def test_the_unfilled_template_sets_nothing(tmp_path: Path) -> None:
    (tmp_path / "work" / ".env").write_text((ROOT / "credentials" / "template.env").read_text())
    settings = load_settings()
    assert {name for name, value in settings if value is not None} == {"state_dir"}  # its default
