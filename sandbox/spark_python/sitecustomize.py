"""What every Python process of the Spark server begins with: the server's token is masked in whatever it prints.

Spark's worker for `foreachBatch` prints the address that it connects to, and the token is a part of it. Python imports
this module by its name, from the PYTHONPATH that `sandbox.parts.spark` sets.
"""

import os
import sys
from typing import Any

SECRET = os.environ.get("SPARK_CONNECT_AUTHENTICATE_TOKEN", "")


class Masked:
    """A text stream that writes stars in the place of a secret."""

    def __init__(self, stream: Any, secret: str) -> None:
        self._stream = stream
        self._secret = secret

    def write(self, text: str) -> int:
        """Write the text, masked."""
        return int(self._stream.write(text.replace(self._secret, "***")))

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


if SECRET:
    sys.stdout, sys.stderr = Masked(sys.stdout, SECRET), Masked(sys.stderr, SECRET)
