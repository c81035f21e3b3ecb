"""What goes wrong on the way to AWS: each error names the fact and the command that mends it."""


class DeploymentError(Exception):
    """A fact that stops a deployment, with the command or step that mends it.

    Attributes:
        fact: what is wrong, in a sentence or two.
        mend: what to do about it, with the command where there is one.
    """

    def __init__(self, fact: str, mend: str) -> None:
        super().__init__(f"{fact} {mend}")
        self.fact = fact
        self.mend = mend


class AccountError(DeploymentError):
    """No AWS account can be reached: credentials or a region are missing, have expired, or lead to the sandbox."""


class UnknownPartError(DeploymentError):
    """There is no part of this name."""


class ParameterMissingError(DeploymentError):
    """A template needs a parameter that nobody has given."""


class TemplateError(DeploymentError):
    """A template, or a file that it takes in, cannot be read."""


class ArtifactMissingError(DeploymentError):
    """A file that a part takes to AWS is not on this machine."""


class EarlierPartMissingError(DeploymentError):
    """A part builds on another one that is not deployed, or is older than the templates."""


class StackInUseError(DeploymentError):
    """A later part that is still deployed builds on the part that is to be removed."""


class StackBusyError(DeploymentError):
    """A stack is in the middle of another operation, or stuck after one."""


class StackFailedError(DeploymentError):
    """A stack did not reach the state that was asked for; the fact names the resource that failed, and why."""


class PriceUnknownError(DeploymentError):
    """The price table lacks a resource type, or a size of one."""
