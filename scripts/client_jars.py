"""Put the jars of the client instance on AWS into a folder: Kafka's own, and those by which it signs in with IAM.

Run by `make deploy PART=msk`:  client_jars.py FOLDER
"""

import shutil
import sys

from sandbox.downloads import KAFKA, LOCKS, JarSet, fetch, folder
from sandbox.errors import SandboxError
from sandbox.settings import load_settings

MSK_IAM_AUTH = JarSet("msk-iam-auth", LOCKS / "msk-iam-auth.txt")


def main() -> None:
    """Fetch what is missing, and copy both sets."""
    settings = load_settings()
    for jars in (KAFKA, MSK_IAM_AUTH):
        fetch(settings, jars, lambda *_: None)
        for jar in folder(settings, jars).iterdir():
            shutil.copy(jar, sys.argv[1])


if __name__ == "__main__":
    try:
        main()
    except SandboxError as error:
        sys.exit(str(error))
