"""What can go wrong in a server that answers as Amazon does. What its caller sees is a `ServiceError`."""

from __future__ import annotations


class AwsError(Exception):
    """Base class of everything these servers raise on purpose."""


class StateError(AwsError):
    """The state folder cannot be read or written; the message names the file and the command that mends it."""


class CredentialsError(AwsError):
    """The shared credentials file is missing or not readable as one."""


class ServiceError(AwsError):
    """An answer of the control plane that is an error: `code` is Amazon's exception name, `status` its HTTP status.

    `members` are what the service's own shape of the error has besides its message (MSK's `invalidParameter`).
    """

    code = "InternalFailure"
    status = 500

    def __init__(self, message: str, **members: str) -> None:
        super().__init__(message)
        self.members = members


class BadRequestError(ServiceError):
    """The request is understood and refused."""

    code = "BadRequestException"
    status = 400


class SerializationError(BadRequestError):
    """The body is not what the operation's shape can be read from (protocol JSON)."""

    code = "SerializationException"


class ValidationError(BadRequestError):
    """A parameter breaks a constraint of the operation's shape (protocol JSON)."""

    code = "ValidationException"


class NotFoundError(ServiceError):
    """An identifier names nothing."""

    code = "NotFoundException"
    status = 404


class ConflictError(ServiceError):
    """What is to be created exists."""

    code = "ConflictException"
    status = 409


class RequestTooLargeError(ServiceError):
    """A body beyond what the service takes."""

    code = "RequestEntityTooLargeException"
    status = 413


class NotImplementedOperationError(ServiceError):
    """The service has this operation, the sandbox has not."""

    code = "NotImplementedException"
    status = 501


class UnknownOperationError(ServiceError):
    """Method and path belong to no operation of the service."""

    code = "UnknownOperationException"
    status = 404


class MissingAuthenticationTokenError(ServiceError):
    """The request carries no signature."""

    code = "MissingAuthenticationTokenException"
    status = 403


class IncompleteSignatureError(ServiceError):
    """The Authorization header lacks one of its parts."""

    code = "IncompleteSignatureException"
    status = 400


class UnrecognizedClientError(ServiceError):
    """The access key or session token is unknown here."""

    code = "UnrecognizedClientException"
    status = 403


class InvalidSignatureError(ServiceError):
    """The signature does not belong to this request and secret, or is out of date."""

    code = "InvalidSignatureException"
    status = 403


class ExpiredTokenError(ServiceError):
    """The session of these temporary keys is over."""

    code = "ExpiredTokenException"
    status = 403


class AccessDeniedError(ServiceError):
    """The caller may not do this."""

    code = "AccessDeniedException"
    status = 403
