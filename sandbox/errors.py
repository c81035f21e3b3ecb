"""What goes wrong in the sandbox: each error names the fact and the command that mends it."""


class SandboxError(Exception):
    """A fact that stops the sandbox, with the command or step that mends it.

    Attributes:
        fact: what is wrong, one sentence.
        mend: what to do about it, one sentence, with the command where there is one.
    """

    def __init__(self, fact: str, mend: str) -> None:
        super().__init__(f"{fact} {mend}")
        self.fact = fact
        self.mend = mend


class PortTakenError(SandboxError):
    """Another program listens on a port that a part needs."""


class DiskFullError(SandboxError):
    """The disk has too little room for what comes next."""


class DownloadError(SandboxError):
    """A download failed, was cut off, or does not match its checksum."""


class JavaUnfitError(SandboxError):
    """The Java that was asked for cannot run the servers."""


class DamagedDataError(SandboxError):
    """A data folder was only half written, or its files are missing."""


class PartFailedError(SandboxError):
    """A part did not start, or did not answer a real request in time."""


class NotReadyError(Exception):
    """A part does not answer yet; the next try may succeed."""


class NotRunningError(SandboxError):
    """A command needs the sandbox, and the sandbox is down."""

    def __init__(self) -> None:
        super().__init__("The sandbox is not running.", "Start it: sandbox up")
