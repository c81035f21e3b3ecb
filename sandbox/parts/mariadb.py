"""RDS MySQL: a MariaDB server with the course's database and two users."""

import getpass
import os
import shutil
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from sandbox import downloads
from sandbox.errors import PartFailedError, SandboxError
from sandbox.parts.base import HOST, Part
from sandbox.processes import set_up
from sandbox.settings import write_private

if TYPE_CHECKING:
    from sqlalchemy import Engine

DATABASE = "pinterest_data"
ADMIN = "admin"
STUDENT = "student"
SYSTEM_TABLES = (
    "mariadb_system_tables",
    "mariadb_performance_tables",
    "mariadb_system_tables_data",
    "fill_help_tables",
    "maria_add_gis_sp_bootstrap",
    "mariadb_sys_schema",
)
ESSENTIAL_FILES = ("ibdata1", "mysql", "aria_log_control")


class MariaDB(Part):
    """The source database. `admin` fills it; `student` reads it, as in the course."""

    name = "mariadb"
    stands_for = "RDS MySQL"
    port_names = ("mariadb",)

    @cached_property
    def base(self) -> Path:
        """The folder of the server's programs: the fetched one, else a system installation's."""
        jars = downloads.mariadb()
        if jars:
            return downloads.folder(self.settings, jars)
        program = shutil.which("mariadbd", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin")
        if program:
            return Path(program).resolve().parent.parent
        raise SandboxError(
            "No MariaDB server is published for this platform, and no mariadbd is on the PATH.",
            "Install one (Debian and Ubuntu: sudo apt install mariadb-server; macOS: brew install mariadb).",
        )

    def prepare(self) -> None:
        """Make the data folder beside its place and move it there whole, users and database included."""
        if self.folder.joinpath("mysql").exists():
            return
        fresh = self.folder.with_name("mariadb.new")
        shutil.rmtree(fresh, ignore_errors=True)
        fresh.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        self.install(fresh)
        self.create_users(fresh)
        shutil.rmtree(self.folder, ignore_errors=True)
        fresh.rename(self.folder)

    def install(self, folder: Path) -> None:
        """Create the system tables, from the same files as `mariadb-install-db`: that script breaks on blanks."""
        folder.mkdir(mode=0o700)
        tables = "\n".join((self.share / f"{name}.sql").read_text() for name in SYSTEM_TABLES)
        beginning = "CREATE DATABASE mysql;\nUSE mysql;\nSET @auth_root_socket=NULL;\n"
        self.bootstrap(folder, beginning + tables)

    @property
    def share(self) -> Path:
        """The folder of the files with the system tables; distributions give it a name of their own."""
        folders = [self.base / "share" / name for name in ("", "mariadb", "mysql")]
        return next(folder for folder in folders if (folder / f"{SYSTEM_TABLES[0]}.sql").exists())

    def create_users(self, folder: Path) -> None:
        """Lay down database and users before the server ever listens; the passwords travel over standard input."""
        admin = self.secrets.mariadb_admin.get_secret_value()
        student = self.secrets.mariadb_student.get_secret_value()
        statements = f"""FLUSH PRIVILEGES;
DELETE FROM mysql.global_priv WHERE User IN ('', 'root') AND Host <> 'localhost';
ALTER USER 'root'@'localhost' IDENTIFIED BY '{admin}';
CREATE USER '{ADMIN}'@'{HOST}' IDENTIFIED BY '{admin}';
GRANT ALL PRIVILEGES ON *.* TO '{ADMIN}'@'{HOST}';
CREATE USER '{STUDENT}'@'{HOST}' IDENTIFIED BY '{student}';
CREATE DATABASE {DATABASE} CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci;
GRANT SELECT ON {DATABASE}.* TO '{STUDENT}'@'{HOST}';
FLUSH PRIVILEGES;
"""  # noqa: S608
        self.bootstrap(folder, statements)

    def bootstrap(self, folder: Path, statements: str) -> None:
        """Run one step of the first start, in a server without a listener."""
        options = [f"--datadir={folder}", "--bootstrap", "--max-allowed-packet=8M", "--enforce-storage-engine="]
        command = [*self.server(), *options]
        done = set_up(self.settings, self.name, command, statements)
        if done.returncode != 0:
            lines = (done.stderr or done.stdout).strip().splitlines()
            reason = next((line for line in lines if "ERROR" in line), " ".join(lines[-1:]))
            raise PartFailedError(f"MariaDB's data folder could not be made: {reason}", "Look for why: sandbox doctor")

    def server(self) -> list[str]:
        """The server with the options that never change."""
        program = next(p / "mariadbd" for p in (self.base / "bin", self.base / "sbin") if (p / "mariadbd").exists())
        return [
            str(program),
            "--no-defaults",
            f"--basedir={self.base}",
            f"--lc-messages-dir={self.share}",
            "--innodb-buffer-pool-size=32M",
            "--innodb-log-file-size=16M",
            "--performance-schema=OFF",
            "--skip-name-resolve",
            "--skip-ssl",
            "--default-time-zone=+00:00",
            "--character-set-server=utf8mb4",
            f"--user={getpass.getuser()}",
        ]

    def command(self) -> Sequence[str | Path]:
        """Run in the data folder, with a socket of relative name: long paths are no sockets."""
        return [
            *self.server(),
            f"--datadir={self.folder}",
            f"--bind-address={HOST}",
            f"--port={self.port}",
            "--socket=mysql.sock",
            "--pid-file=mariadb.pid",
            "--max-connections=40",
            "--local-infile=ON",
        ]

    def engine(self) -> "Engine":
        """A SQLAlchemy engine with every right on the course's database; it outlives a restart of the server."""
        from sqlalchemy import URL, create_engine

        password = self.secrets.mariadb_admin.get_secret_value()
        url = URL.create("mysql+pymysql", ADMIN, password, HOST, self.port, DATABASE, {"charset": "utf8mb4"})
        options = {"connect_timeout": 5, "local_infile": True}
        return create_engine(url, connect_args=options, pool_pre_ping=True)

    def probe(self) -> None:
        """Ask a query."""
        engine = self.engine()
        with engine.connect() as connection:
            connection.exec_driver_sql("SELECT 1")
        engine.dispose()

    def provision(self) -> None:
        """Write the credentials file of the course for the student's user."""
        write_private(
            credentials_file(self.settings.home),
            f'HOST: {HOST}\nUSER: {STUDENT}\nPASSWORD: "{self.secrets.mariadb_student.get_secret_value()}"\n'
            f"DATABASE: {DATABASE}\nPORT: {self.port}\n",
        )

    def damage(self) -> str | None:
        """Name what is missing in a data folder that was laid once."""
        lost = [name for name in ESSENTIAL_FILES if self.folder.exists() and not (self.folder / name).exists()]
        return (
            f"MariaDB's data folder {self.folder} lacks {', '.join(lost)}"
            if lost and any(self.folder.iterdir())
            else None
        )


def credentials_file(home: Path) -> Path:
    """Where the course's five keys are written for the student."""
    return home / "credentials" / "db_creds.yaml"
