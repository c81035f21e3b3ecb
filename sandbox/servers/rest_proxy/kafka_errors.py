"""Which of the REST API's error codes stands for which of Kafka's errors."""

from confluent_kafka import KafkaError

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
    KafkaError.TRANSACTIONAL_ID_AUTHORIZATION_FAILED,
}
# Java's RetriableException and its kin; what librdkafka raises of itself (names with an underscore) is retriable when
# it tells that the broker was out of reach, not that the record is wrong.
_RETRIABLE = {
    KafkaError._ALL_BROKERS_DOWN,
    KafkaError._FATAL,
    KafkaError._MSG_TIMED_OUT,
    KafkaError._PURGE_INFLIGHT,
    KafkaError._PURGE_QUEUE,
    KafkaError._QUEUE_FULL,
    KafkaError._RESOLVE,
    KafkaError._TIMED_OUT,
    KafkaError._TIMED_OUT_QUEUE,
    KafkaError._TRANSPORT,
    KafkaError._UNKNOWN_PARTITION,
    KafkaError._UNKNOWN_TOPIC,
    KafkaError.BROKER_NOT_AVAILABLE,
    KafkaError.COORDINATOR_LOAD_IN_PROGRESS,
    KafkaError.COORDINATOR_NOT_AVAILABLE,
    KafkaError.LEADER_NOT_AVAILABLE,
    KafkaError.NETWORK_EXCEPTION,
    KafkaError.NOT_CONTROLLER,
    KafkaError.NOT_ENOUGH_REPLICAS,
    KafkaError.NOT_ENOUGH_REPLICAS_AFTER_APPEND,
    KafkaError.NOT_LEADER_FOR_PARTITION,
    KafkaError.REQUEST_TIMED_OUT,
    KafkaError.THROTTLING_QUOTA_EXCEEDED,
    KafkaError.UNKNOWN_TOPIC_OR_PART,
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
    return RETRIABLE_KAFKA_ERROR_CODE if code in _RETRIABLE else KAFKA_ERROR_CODE


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
