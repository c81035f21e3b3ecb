"""MSK: Apache Kafka, one KRaft node, reached over TLS with SCRAM-SHA-512.

A second listener, with the same login but without TLS, is for servers of the sandbox that stand for a service of which
nobody sees that Kafka is below it. A broker that starts quickly (`TieredStopAtLevel=1`) enciphers about 20 MB a second:
500 records of 300 bytes that do not compress take 13 ms over TLS, 3 ms without.
"""

import shutil
import uuid
from base64 import urlsafe_b64encode
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path

from confluent_kafka import Consumer, KafkaError, KafkaException, TopicPartition
from confluent_kafka.admin import AdminClient, NewTopic, OffsetSpec
from tenacity import RetryCallState, retry, retry_if_exception, stop_after_delay, wait_fixed

from sandbox import downloads
from sandbox.certificates import authority, broker_keystore, ensure_certificates
from sandbox.errors import NotReadyError, PartFailedError
from sandbox.java import find_java
from sandbox.parts.base import HOST, Part
from sandbox.processes import set_up
from sandbox.servers.kafka_retriable import is_retriable
from sandbox.settings import Settings, private_folder, write_private

BROKER = "broker"
PARTITIONS = 3
ENTITIES = ("pin", "geo", "user")
# Port's name by listener.
LISTENERS = {"SASL_SSL": "kafka", "CONTROLLER": "kafka-controller", "INTERNAL": "kafka-internal"}
PROBE_TOPIC = "sandbox-probe"
HEAP = [
    "-Xmx128m",
    "-XX:+UseSerialGC",
    "-XX:TieredStopAtLevel=1",
    "-Xss512k",
    "-XX:MaxMetaspaceSize=128m",
    "-XX:ReservedCodeCacheSize=48m",
    "-XX:-UsePerfData",
]
# What its client says where it finds no broker.
LOST = (KafkaError._TRANSPORT, KafkaError._TIMED_OUT, KafkaError._ALL_BROKERS_DOWN)


def is_passing(error: BaseException) -> bool:
    """Whether Kafka says that the same question may be answered in a moment, or its client says nothing at all."""
    return isinstance(error, TimeoutError) or (isinstance(error, KafkaException) and is_retriable(error.args[0]))


def leave_lost_client(state: RetryCallState) -> None:
    """Ask by a new client where the old one found no broker: librdkafka may have forgotten its only one for good."""
    error = state.outcome.exception() if state.outcome else None
    if isinstance(error, TimeoutError) or (isinstance(error, KafkaException) and error.args[0].code() in LOST):
        for client in ("admin", "members"):
            vars(state.args[0]).pop(client, None)


until_it_passes = retry(
    retry=retry_if_exception(is_passing),
    before_sleep=leave_lost_client,
    wait=wait_fixed(0.2),
    stop=stop_after_delay(60),
    reraise=True,
)


class Kafka(Part):
    """The broker. Its two users are `broker` (itself) and USER_ID (the student and the sandbox's own servers)."""

    name = "kafka"
    stands_for = "MSK"
    port_names = ("kafka", "kafka-controller", "kafka-internal")

    @property
    def properties(self) -> Path:
        """The broker's configuration file."""
        return self.settings.config(self.name) / "server.properties"

    @property
    def logging(self) -> Path:
        """The broker's logging configuration: warnings, and what tells its state, to standard output."""
        return self.settings.config(self.name) / "log4j2.properties"

    def prepare(self) -> None:
        """Write the configuration and format the storage, whole or not at all."""
        ensure_certificates(self.settings)
        write_private(self.properties, self.server_properties(self.folder))
        write_private(self.logging, LOGGING)
        write_private(client_properties(self.settings), self.client_properties())
        write_private(internal_properties(self.settings), self.internal_properties())
        if (self.folder / "meta.properties").exists():
            return
        fresh = self.folder.with_name("kafka.new")
        shutil.rmtree(fresh, ignore_errors=True)
        fresh.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        self.format(fresh)
        shutil.rmtree(self.folder, ignore_errors=True)
        fresh.rename(self.folder)

    def format(self, folder: Path) -> None:
        """Format the storage with both users in it; the passwords stand in a private file, not in the command."""
        properties = write_private(self.properties.with_name("format.properties"), self.server_properties(folder))
        words = ["kafka.tools.StorageTool", "format", "--standalone", "-t", new_cluster_id(), "-c", str(properties)]
        for user, password in self.users().items():
            words += ["--add-scram", f"SCRAM-SHA-512=[name={user},password={password}]"]
        arguments = write_private(properties.with_name("format.args"), "\n".join(f'"{word}"' for word in words))
        done = set_up(self.settings, self.name, self.java(f"@{arguments}"))
        arguments.unlink()
        properties.unlink()
        if done.returncode != 0:
            raise PartFailedError(
                f"Kafka's storage could not be formatted: {done.stderr[-400:]}", "Try: sandbox doctor"
            )

    def users(self) -> dict[str, str]:
        """Password by user."""
        return {
            BROKER: self.secrets.kafka_broker.get_secret_value(),
            self.secrets.user_id: self.secrets.kafka_student.get_secret_value(),
        }

    def java(self, *words: str) -> list[str | Path]:
        """A Java command with Kafka on the class path."""
        jars = downloads.folder(self.settings, downloads.KAFKA)
        logging = f"-Dlog4j2.configurationFile={self.logging}"
        temporary = f"-Djava.io.tmpdir={private_folder(self.settings.home / 'tmp')}"
        return [find_java(self.settings).path, *HEAP, logging, temporary, "-cp", f"{jars}/*", *words]

    def command(self) -> Sequence[str | Path]:
        """Run the broker."""
        return self.java("kafka.Kafka", str(self.properties))

    def server_properties(self, folder: Path) -> str:
        """The broker's configuration: small, quick to notice a killed broker, SCRAM everywhere, TLS for the student."""
        ports = self.settings.ports
        return f"""process.roles=broker,controller
node.id=1
controller.quorum.bootstrap.servers={HOST}:{ports["kafka-controller"]}
listeners={",".join(f"{name}://{HOST}:{ports[port]}" for name, port in LISTENERS.items())}
advertised.listeners=SASL_SSL://localhost:{ports["kafka"]},INTERNAL://{HOST}:{ports["kafka-internal"]}
listener.security.protocol.map=SASL_SSL:SASL_SSL,CONTROLLER:PLAINTEXT,INTERNAL:SASL_PLAINTEXT
controller.listener.names=CONTROLLER
inter.broker.listener.name=SASL_SSL
sasl.enabled.mechanisms=SCRAM-SHA-512
sasl.mechanism.inter.broker.protocol=SCRAM-SHA-512
listener.name.sasl_ssl.scram-sha-512.sasl.jaas.config={jaas(BROKER, self.users()[BROKER])}
listener.name.internal.scram-sha-512.sasl.jaas.config={jaas(BROKER, self.users()[BROKER])}
ssl.keystore.type=PEM
ssl.keystore.location={broker_keystore(self.settings)}
ssl.truststore.type=PEM
ssl.truststore.location={authority(self.settings)}
log.dirs={folder}
num.partitions={PARTITIONS}
auto.create.topics.enable=false
delete.topic.enable=true
num.network.threads=2
num.io.threads=2
background.threads=2
num.recovery.threads.per.data.dir=1
log.cleaner.dedupe.buffer.size=4194304
log.segment.bytes=67108864
log.retention.hours=-1
offsets.topic.num.partitions=1
offsets.topic.replication.factor=1
offsets.retention.minutes=525600
transaction.state.log.num.partitions=1
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
share.coordinator.state.topic.num.partitions=1
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1
default.replication.factor=1
min.insync.replicas=1
group.initial.rebalance.delay.ms=0
broker.session.timeout.ms=3000
broker.heartbeat.interval.ms=500
"""

    def client_properties(self) -> str:
        """What a client needs, in the form of Kafka's own tools; our servers read the same file."""
        return f"""bootstrap.servers={self.address}
security.protocol=SASL_SSL
{self.login()}
ssl.truststore.type=PEM
ssl.truststore.location={authority(self.settings)}
"""

    def internal_properties(self) -> str:
        """The same for the listener without TLS."""
        return f"""bootstrap.servers={HOST}:{self.settings.ports["kafka-internal"]}
security.protocol=SASL_PLAINTEXT
{self.login()}
"""

    def login(self) -> str:
        """The student's login, as properties."""
        user = self.secrets.user_id
        return f"sasl.mechanism=SCRAM-SHA-512\nsasl.jaas.config={jaas(user, self.users()[user])}"

    @property
    def address(self) -> str:
        """The bootstrap server."""
        return f"localhost:{self.port}"

    def client_settings(self) -> dict[str, str | int | float | bool]:
        """The same for librdkafka."""
        return {
            "bootstrap.servers": self.address,
            "security.protocol": "SASL_SSL",
            "sasl.mechanism": "SCRAM-SHA-512",
            "sasl.username": self.secrets.user_id,
            "sasl.password": self.secrets.kafka_student.get_secret_value(),
            "ssl.ca.location": str(authority(self.settings)),
            # With the default, requests after a broker's restart may wait for ever (librdkafka 2.16); see
            # `leave_lost_client` for what may happen with this one.
            "metadata.recovery.strategy": "none",
            "log_level": "0",
        }

    @cached_property
    def admin(self) -> AdminClient:
        """A client for topics, offsets and groups; kept, because its pending answers die with it."""
        return AdminClient(self.client_settings())

    @cached_property
    def members(self) -> dict[str, Consumer]:
        """Clients that ask for the offsets of their group; kept as `admin` is."""
        return {}

    def probe(self) -> None:
        """Ask for the cluster's metadata."""
        try:
            self.admin.list_topics(timeout=3)
        except KafkaException as error:
            raise NotReadyError(str(error.args[0])) from error

    def provision(self) -> None:
        """Create the student's topics, and wait until they are served: what is sent before may be lost."""
        topics = [NewTopic(topic, PARTITIONS, 1) for topic in self.topics().values()]
        probe = NewTopic(PROBE_TOPIC, 1, 1, config={"retention.ms": "60000", "segment.bytes": "1048576"})
        existing = self.admin.list_topics(timeout=10).topics
        lacking = [topic for topic in (*topics, probe) if topic.topic not in existing]
        for created in self.admin.create_topics(lacking).values() if lacking else []:
            created.result(timeout=20)
        for topic in lacking:
            self.end_offsets(topic.topic)

    def topics(self) -> dict[str, str]:
        """Topic by entity: USER_ID.pin, USER_ID.geo, USER_ID.user."""
        return {entity: f"{self.secrets.user_id}.{entity}" for entity in ENTITIES}

    @property
    def dead_letter_topic(self) -> str:
        """Where the sink puts what it cannot write."""
        return f"{self.secrets.user_id}-dead-letter"

    def end_offsets(self, topic: str) -> dict[int, int]:
        """The next offset of each partition; nothing for a topic that is not there."""
        return self.offsets(topic, OffsetSpec.latest())

    def first_offsets(self, topic: str) -> dict[int, int]:
        """The first offset of each partition."""
        return self.offsets(topic, OffsetSpec.earliest())

    @until_it_passes
    def offsets(self, topic: str, which: OffsetSpec) -> dict[int, int]:
        """An offset of each partition; a topic that is just being made has no leader for a moment."""
        found = self.admin.list_topics(timeout=10).topics.get(topic)
        asked = {TopicPartition(topic, partition): which for partition in (found.partitions if found else ())}
        answers = self.admin.list_offsets(asked, request_timeout=20) if asked else {}
        return {place.partition: answer.result(timeout=30).offset for place, answer in answers.items()}

    @until_it_passes
    def committed_offsets(self, group: str, topic: str) -> dict[int, int]:
        """The committed offset of each partition that has one."""
        asked = [TopicPartition(topic, partition) for partition in range(PARTITIONS)]
        places = self._member_of(group).committed(asked, timeout=20)
        for place in places:
            if place.error:
                raise KafkaException(place.error)
        return {place.partition: place.offset for place in places if place.offset >= 0}

    def _member_of(self, group: str) -> Consumer:
        """A client that may ask for a group's offsets and reads nothing. Not `admin`: where the answer is that another
        broker must be asked, as after a restart, librdkafka 2.16 looks for the client's own group, and an admin client
        has none, which ends the process."""
        if group not in self.members:
            self.members[group] = Consumer({**self.client_settings(), "group.id": group, "enable.auto.commit": False})
        return self.members[group]

    def damage(self) -> str | None:
        """Name what is missing in a storage folder that was formatted once."""
        if not self.folder.exists() or (self.folder / "meta.properties").exists():
            return None
        return f"Kafka's data folder {self.folder} lacks meta.properties" if any(self.folder.iterdir()) else None


def new_cluster_id() -> str:
    """The id of a new cluster; as in Kafka's own, a dash does not come first, which its tools take for an option."""
    drawn = "-"
    while drawn.startswith("-"):
        drawn = urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")
    return drawn


def client_properties(settings: Settings) -> Path:
    """The sandbox's client.properties: SASL_SSL, SCRAM-SHA-512, PEM trust store."""
    return settings.home / "credentials" / "client.properties"


def internal_properties(settings: Settings) -> Path:
    """What a server of the sandbox needs that stands for a service with Kafka below it."""
    return settings.config(Kafka.name) / "internal.properties"


def jaas(user: str, password: str) -> str:
    """The login line of Kafka's SCRAM module."""
    return f'org.apache.kafka.common.security.scram.ScramLoginModule required username="{user}" password="{password}";'


LOGGING = """status=ERROR
appender.stdout.type=Console
appender.stdout.name=stdout
appender.stdout.layout.type=PatternLayout
appender.stdout.layout.pattern=%d{yyyy-MM-dd'T'HH:mm:ss.SSS'Z'}{UTC} %p %c{1} - %m%n
rootLogger.level=WARN
rootLogger.appenderRef.stdout.ref=stdout
logger.server.name=kafka.server.KafkaRaftServer
logger.server.level=INFO
"""
