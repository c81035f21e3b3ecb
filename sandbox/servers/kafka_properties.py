"""A Java client's properties file, read for librdkafka.

Kafka's own tools and Confluent's servers are configured by a properties file with JAAS and trust store settings.
librdkafka, under every Python client, knows neither; this module says the same thing in its words. Everything else in
the file is refused by name, so that a setting never looks as if it worked.
"""

import re
from pathlib import Path

IAM_MECHANISM = "AWS_MSK_IAM"

_SAME_NAME = {
    "bootstrap.servers",
    "client.dns.lookup",
    "client.id",
    "security.protocol",
    "sasl.mechanism",
}
# Read as a whole by the functions below: no single one of them is a librdkafka setting.
_COMPOSED = {
    "sasl.jaas.config",
    "sasl.client.callback.handler.class",
    "ssl.endpoint.identification.algorithm",
    "ssl.truststore.certificates",
    "ssl.truststore.location",
    "ssl.truststore.type",
}
_NEEDS_PREFIX = ("security.", "sasl.", "ssl.")
_LOGIN_MODULES = {
    "PLAIN": "org.apache.kafka.common.security.plain.PlainLoginModule",
    "SCRAM-SHA-256": "org.apache.kafka.common.security.scram.ScramLoginModule",
    "SCRAM-SHA-512": "org.apache.kafka.common.security.scram.ScramLoginModule",
    IAM_MECHANISM: "software.amazon.msk.auth.iam.IAMLoginModule",
}
_ESCAPES = {"t": "\t", "n": "\n", "r": "\r", "f": "\f"}
# A key ends at the first unescaped blank, `=` or `:`; blanks around one `=` or `:` belong to neither side.
_ENTRY = re.compile(r"((?:[^\\=: \t\f]|\\.)*)[ \t\f]*[=:]?[ \t\f]*(.*)", re.DOTALL)
_ESCAPE = re.compile(r"\\(?:u([0-9a-fA-F]{4})|(.))", re.DOTALL)
_JAAS_OPTION = re.compile(r'(\w+)\s*=\s*"((?:[^"\\]|\\.)*)"')


class KafkaPropertiesError(Exception):
    """A properties file does not give what a Kafka client needs. Messages hold names of settings, never values."""


class PropertiesFileError(KafkaPropertiesError):
    """The file, or one that it names, is missing or is not text."""


class MissingPropertyError(KafkaPropertiesError):
    """A setting that the others call for is absent."""


class UnsupportedPropertyError(KafkaPropertiesError):
    """A setting, or its value, has no counterpart in librdkafka."""


def parse_properties(text: str) -> dict[str, str]:
    """Read the text of a Java properties file, as ``java.util.Properties.load`` does.

    Comments (``#``, ``!``), the three separators (``=``, ``:``, blank), continued lines and escapes are understood;
    of a repeated key the last value counts.
    """
    entries = (_ENTRY.fullmatch(line) for line in _logical_lines(text))
    return {_unescape(entry[1]): _unescape(entry[2]) for entry in entries if entry}


def librdkafka_settings(path: Path, prefix: str = "") -> dict[str, str]:
    """Give the librdkafka settings that say what a Java client's properties file says.

    Args:
        path: for instance ``aws/ec2/client.properties`` (no prefix) or ``aws/ec2/kafka-rest.properties``.
        prefix: only keys that begin so are read, without it, and ``bootstrap.servers``: Confluent's REST proxy
            hands ``client.`` keys to its Kafka clients and reads the others itself.

    Returns:
        Settings for a confluent-kafka client. The mechanism ``AWS_MSK_IAM`` becomes ``OAUTHBEARER``: the client needs
        an ``oauth_cb`` besides.

    Raises:
        PropertiesFileError: the file is missing or is not UTF-8, or its trust store is missing.
        MissingPropertyError: a setting is absent, or the prefix in front of it.
        UnsupportedPropertyError: a setting librdkafka cannot follow.
    """
    properties = _client_properties(read_properties(path), prefix, path)
    for key in properties.keys() - _SAME_NAME - _COMPOSED:
        raise UnsupportedPropertyError(f"{path}: librdkafka has no setting like {prefix}{key}. Remove that line.")
    if not properties.get("bootstrap.servers"):
        raise MissingPropertyError(f"{path} has no bootstrap.servers. Add the cluster's bootstrap string.")
    settings = {key: value for key, value in properties.items() if key in _SAME_NAME}
    return settings | _host_check(properties) | _trust_settings(properties, path) | _sasl_settings(properties, path)


def read_properties(path: Path) -> dict[str, str]:
    """Read a properties file; raises PropertiesFileError when there is none, or it is not UTF-8."""
    try:
        return parse_properties(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "not UTF-8 text"
        raise PropertiesFileError(f"Cannot read {path}: {reason}. Pass the path of a Kafka properties file.") from error


def _client_properties(properties: dict[str, str], prefix: str, path: Path) -> dict[str, str]:
    if not prefix:
        return properties
    for key in properties:
        if key.startswith(_NEEDS_PREFIX):
            raise MissingPropertyError(f"{path}: {key} lacks its prefix. Write {prefix}{key}.")
    servers = {key: value for key, value in properties.items() if key == "bootstrap.servers"}
    return servers | {key.removeprefix(prefix): value for key, value in properties.items() if key.startswith(prefix)}


def _host_check(properties: dict[str, str]) -> dict[str, str]:
    name = "ssl.endpoint.identification.algorithm"
    # Java switches the check of the server's name off by an empty value, librdkafka by a word.
    return {name: properties[name] or "none"} if name in properties else {}


def _trust_settings(properties: dict[str, str], path: Path) -> dict[str, str]:
    kind = properties.get("ssl.truststore.type", "JKS")
    location = properties.get("ssl.truststore.location")
    certificates = properties.get("ssl.truststore.certificates")
    if not location and not certificates:
        return {}
    if kind.upper() != "PEM":
        raise UnsupportedPropertyError(
            f"{path}: librdkafka reads PEM trust stores only, not {kind}. "
            "Write the certificates out with `keytool -list -rfc -keystore STORE` and set ssl.truststore.type=PEM."
        )
    if location and not Path(location).is_file():
        raise PropertiesFileError(f"{path}: there is no trust store {location}. Correct ssl.truststore.location.")
    return {"ssl.ca.location": location} if location else {"ssl.ca.pem": str(certificates)}


def _sasl_settings(properties: dict[str, str], path: Path) -> dict[str, str]:
    if not properties.get("security.protocol", "PLAINTEXT").upper().startswith("SASL_"):
        return {}
    # Java's default; librdkafka has the same one.
    mechanism = properties.get("sasl.mechanism", "GSSAPI")
    if mechanism not in _LOGIN_MODULES:
        supported = ", ".join(sorted(_LOGIN_MODULES))
        raise UnsupportedPropertyError(f"{path}: sasl.mechanism must be one of {supported}; it is {mechanism}.")
    options = _jaas_options(properties.get("sasl.jaas.config", ""), _LOGIN_MODULES[mechanism], path)
    if mechanism == IAM_MECHANISM:
        if options:
            raise UnsupportedPropertyError(
                f"{path}: leave {', '.join(sorted(options))} out of sasl.jaas.config; the AWS credential chain decides."
            )
        return {"sasl.mechanism": "OAUTHBEARER"}
    if not options.keys() >= {"username", "password"}:
        raise MissingPropertyError(f'{path}: sasl.jaas.config needs username="..." and password="...".')
    return {"sasl.username": options["username"], "sasl.password": options["password"]}


def _jaas_options(jaas: str, module: str, path: Path) -> dict[str, str]:
    if not re.fullmatch(rf"\s*{re.escape(module)}\s+required\b.*;\s*", jaas, re.DOTALL):
        raise MissingPropertyError(f"{path}: sasl.jaas.config must read `{module} required ...;`, semicolon included.")
    return {name: re.sub(r"\\(.)", r"\1", value) for name, value in _JAAS_OPTION.findall(jaas)}


def _logical_lines(text: str) -> list[str]:
    """Lines without comments and blank ones, continued lines joined, leading blanks removed."""
    lines: list[str] = []
    continued = False
    for natural in re.split(r"\r\n|\r|\n", text):
        line = natural.lstrip(" \t\f")
        if not continued and (not line or line[0] in "#!"):
            continue
        ends_open = (len(line) - len(line.rstrip("\\"))) % 2 == 1
        piece = line[:-1] if ends_open else line
        lines = [*lines[:-1], lines[-1] + piece] if continued else [*lines, piece]
        continued = ends_open
    return lines


def _unescape(text: str) -> str:
    plain = _ESCAPE.sub(lambda m: chr(int(m[1], 16)) if m[1] else _ESCAPES.get(m[2], m[2]), text)
    # A character beyond 16 bits is written as two escapes, a surrogate pair: make it one character.
    return plain.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
