"""The source database as the rivals of `streaming-batch` read it: SQLAlchemy and the course's credentials file."""

import os
from pathlib import Path

import yaml
from sqlalchemy import URL, Engine, create_engine


def source_engine() -> Engine:
    """An engine for the database that RDS_CREDENTIALS names, in the environment of `sandbox env`."""
    told = yaml.safe_load(Path(os.environ["RDS_CREDENTIALS"]).read_text())
    login = (told["USER"], told["PASSWORD"], told["HOST"], told["PORT"], told["DATABASE"])
    return create_engine(URL.create("mysql+pymysql", *login, {"charset": "utf8mb4"}))
