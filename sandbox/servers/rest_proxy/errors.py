"""What the proxy answers instead of success: Confluent's REST v2 statuses, error codes and messages.

Codes of three digits repeat the HTTP status; codes of five digits are Confluent's own (its API reference, "Errors",
and the exception mapper of its rest-utils).
"""

import orjson

KAFKA_ERROR_CODE = 50002
RETRIABLE_KAFKA_ERROR_CODE = 50003
AUTHENTICATION_CODE = 40101
AUTHORIZATION_CODE = 40301
PARTITION_NOT_FOUND_CODE = 40402


class RestProxyError(Exception):
    """An answer with an error body.

    Attributes:
        status: HTTP status.
        code: ``error_code`` of the body.
        headers: further response headers.
    """

    status = 500
    code = 500
    message = "Internal Server Error"
    headers: tuple[tuple[bytes, bytes], ...] = ()

    def __init__(self, message: str | None = None) -> None:
        super().__init__(message or self.message)

    def body(self) -> bytes:
        """The answer's body: ``{"error_code": ..., "message": ...}``."""
        return orjson.dumps({"error_code": self.code, "message": str(self)})


class BadRequestError(RestProxyError):
    """The request cannot be read."""

    status = code = 400
    message = "HTTP 400 Bad Request"


class MalformedJsonError(BadRequestError):
    """The body is not JSON."""


class FieldTypeError(BadRequestError):
    """A field holds another kind of JSON than it must; the message is Jackson's."""


class PathNotFoundError(RestProxyError):
    """Nothing lives at this path."""

    status = code = 404
    message = "HTTP 404 Not Found"


class TopicNotFoundError(RestProxyError):
    """The cluster has no such topic."""

    status, code = 404, 40401
    message = "Topic not found."


class PartitionNotFoundError(RestProxyError):
    """The topic has no such partition."""

    status, code = 404, PARTITION_NOT_FOUND_CODE
    message = "Partition not found."


class ConsumerInstanceNotFoundError(RestProxyError):
    """The proxy has no such consumer instance: it never was, was deleted or expired, or the proxy was restarted."""

    status, code = 404, 40403
    message = "Consumer instance not found."


class MethodNotAllowedError(RestProxyError):
    """The path exists, but not for this method."""

    status = code = 405
    message = "HTTP 405 Method Not Allowed"

    def __init__(self, allowed: list[str]) -> None:
        super().__init__()
        self.headers = ((b"allow", ",".join(sorted(allowed)).encode()),)


class NotAcceptableError(RestProxyError):
    """The client accepts none of the types the proxy answers in."""

    status = code = 406
    message = "HTTP 406 Not Acceptable"


class ConsumerFormatMismatchError(RestProxyError):
    """Records were asked for in another embedded format than the instance was made for."""

    status, code = 406, 40601
    message = "The requested embedded data format does not match the deserializer for this consumer instance"


class SlowRequestError(RestProxyError):
    """The request's body did not arrive in time."""

    status = code = 408
    message = "HTTP 408 Request Timeout"
    headers = ((b"connection", b"close"),)


class UndecodableRecordError(RestProxyError):
    """A record of the topic does not hold the instance's format; Confluent answers 408 (KafkaRestExceptionMapper)."""

    status, code = 408, 40801


class ConsumerAlreadyExistsError(RestProxyError):
    """The group has an instance of this name."""

    status, code = 409, 40902
    message = "Consumer with specified consumer ID already exists in the specified consumer group."


class IllegalStateError(RestProxyError):
    """The instance cannot do this as it is now, for instance assign partitions while it is subscribed to topics."""

    status, code = 409, 40903

    def __init__(self, reason: str) -> None:
        super().__init__(f"Illegal state: {reason}")


class RequestTooLargeError(RestProxyError):
    """The request's body is larger than the proxy takes."""

    status = code = 413
    # What is left of the body is not worth reading: the connection ends.
    headers = ((b"connection", b"close"),)

    def __init__(self, limit: int) -> None:
        super().__init__(f"HTTP 413 Request Entity Too Large: send at most {limit} bytes.")


class UnsupportedMediaTypeError(RestProxyError):
    """The content type is none of the embedded formats that the proxy takes."""

    status = code = 415
    message = "HTTP 415 Unsupported Media Type"


class ConstraintViolationError(RestProxyError):
    """The body is JSON of the right shape, with a value that the API does not allow."""

    status = code = 422


class UnrecognizedFieldError(ConstraintViolationError):
    """The body has a field that the API does not know."""

    def __init__(self, field: str) -> None:
        super().__init__(f"Unrecognized field: {field}")


class InvalidRecordsError(RestProxyError):
    """The body is JSON, but not a list of records."""

    status, code = 422, 42201


class InvalidConsumerConfigError(ConstraintViolationError):
    """A setting of a new consumer instance has a value that Kafka's consumer does not know."""

    code = 42204

    def __init__(self, reason: str) -> None:
        super().__init__(f"Invalid consumer configuration: {reason}")


class ConsumerConfigConstraintError(ConstraintViolationError):
    """A setting of a new consumer instance is out of the proxy's range."""

    code = 40001

    def __init__(self, reason: str) -> None:
        super().__init__(f"Invalid consumer configuration. It does not abide by the constraints: {reason}")


class KafkaAuthenticationError(RestProxyError):
    """Kafka does not accept the proxy's credentials."""

    status, code = 401, AUTHENTICATION_CODE


class KafkaAuthorizationError(RestProxyError):
    """Kafka does not allow the proxy's user to do this."""

    status, code = 403, AUTHORIZATION_CODE


class KafkaFailedError(RestProxyError):
    """Kafka refused; the same request will fail again."""

    status, code = 500, KAFKA_ERROR_CODE


class KafkaUnavailableError(RestProxyError):
    """Kafka did not answer in time, or not now: the same request may succeed later."""

    status, code = 500, RETRIABLE_KAFKA_ERROR_CODE
