"""What goes wrong in the classroom: each error names the fact and the step that mends it."""


class ClassroomError(Exception):
    """A fact that stops the command, with what mends it.

    Attributes:
        fact: what is wrong, in a sentence.
        mend: what to do about it.
    """

    def __init__(self, fact: str, mend: str) -> None:
        super().__init__(f"{fact} {mend}")
        self.fact = fact
        self.mend = mend


class MarkerError(ClassroomError):
    """A solution's markers do not pair, or stand in a cell that is no exercise."""


class NumberingError(ClassroomError):
    """Numbers of exercises, checks and tasks do not fit together."""


class SubmissionError(ClassroomError):
    """The folder of submissions has another form than the one that is graded."""


class SandboxFailedError(ClassroomError):
    """The sandbox in which notebooks are graded did not do what it was asked."""
