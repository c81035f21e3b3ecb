"""Which of the REST API's error codes stands for which of Kafka's errors."""

from confluent_kafka import KafkaError

from sandbox.servers.kafka_retriable import is_retriable
from sandbox.servers.rest_proxy.errors import (
    AUTHENTICATION_CODE,
    AUTHORIZATION_CODE,
    KAFKA_ERROR_CODE,
    RETRIABLE_KAFKA_ERROR_CODE,
    KafkaAuthenticationError,
    KafkaAuthorizationError,
    KafkaFailedError,
    KafkaUnavailableError,
    RestProxyError,
)

_AUTHENTICATION = {KafkaError._AUTHENTICATION, KafkaError.SASL_AUTHENTICATION_FAILED}
_AUTHORIZATION = {
    KafkaError.TOPIC_AUTHORIZATION_FAILED,
    KafkaError.CLUSTER_AUTHORIZATION_FAILED,
    KafkaError.GROUP_AUTHORIZATION_FAILED,
    KafkaError.TRANSACTIONAL_ID_AUTHORIZATION_FAILED,
}
_ANSWERS: dict[int, tuple[type[RestProxyError], str]] = {
    AUTHENTICATION_CODE: (KafkaAuthenticationError, "Kafka authentication error: "),
    AUTHORIZATION_CODE: (KafkaAuthorizationError, "Kafka authorization error: "),
    RETRIABLE_KAFKA_ERROR_CODE: (KafkaUnavailableError, "Retriable Kafka error: "),
    KAFKA_ERROR_CODE: (KafkaFailedError, "Kafka error: "),
}


def error_code(error: KafkaError) -> int:
    """The REST API's error code of a record that Kafka did not take."""
    code = error.code()
    if code in _AUTHENTICATION:
        return AUTHENTICATION_CODE
    if code in _AUTHORIZATION:
        return AUTHORIZATION_CODE
    return RETRIABLE_KAFKA_ERROR_CODE if is_retriable(error) else KAFKA_ERROR_CODE


def whole_answer(code: int, text: str, trouble: KafkaError | None = None) -> RestProxyError:
    """The answer to a request of which nothing reached Kafka.

    Args:
        code: one of this module's error codes.
        text: what failed.
        trouble: what the client reported of its connection meanwhile; it says why, and may be the true error.
    """
    if trouble is not None:
        text = f"{text} ({trouble.str()})"
        code = error_code(trouble) if error_code(trouble) == AUTHENTICATION_CODE else code
    kind, title = _ANSWERS[code]
    return kind(title + text)
