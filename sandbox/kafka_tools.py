"""Kafka's own command-line tools, connected to the sandbox: `sandbox kafka-topics --list`."""

import os
from collections.abc import Sequence

from sandbox.parts.kafka import Kafka, client_properties

# Class by tool, and the options by which each takes its server and its client settings.
TOOLS = {
    "kafka-topics": "org.apache.kafka.tools.TopicCommand",
    "kafka-configs": "kafka.admin.ConfigCommand",
    "kafka-consumer-groups": "org.apache.kafka.tools.consumer.group.ConsumerGroupCommand",
    "kafka-console-consumer": "org.apache.kafka.tools.consumer.ConsoleConsumer",
}
LOCAL_ONLY = ("--help", "--version")


def run(kafka: Kafka, tool: str, arguments: Sequence[str]) -> None:
    """Become the tool: its output, its exit code and Ctrl-C are its own."""
    words = [str(word) for word in kafka.java(TOOLS[tool], *arguments, *connection(kafka, arguments))]
    os.execv(words[0], words)  # noqa: S606


def connection(kafka: Kafka, arguments: Sequence[str]) -> list[str]:
    """The options that lead to the sandbox, where the reader has not given others."""
    given = {argument.split("=")[0] for argument in arguments}
    if given & set(LOCAL_ONLY):
        return []
    server = [] if "--bootstrap-server" in given else ["--bootstrap-server", kafka.address]
    login = [] if given & {"--command-config", "--consumer.config"} else client_options(kafka)
    return [*server, *login]


def client_options(kafka: Kafka) -> list[str]:
    """The client settings as the tools take them; a file, so that no secret is in the process list."""
    return ["--command-config", str(client_properties(kafka.settings))]
