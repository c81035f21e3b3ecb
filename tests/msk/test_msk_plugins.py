"""Custom plugins, worker configurations, and the tags of all that MSK Connect has."""

from __future__ import annotations

import base64

import pytest
from msk_helpers import PROPERTIES, Msk, refused

pytestmark = pytest.mark.sandbox

PREFIX = "arn:aws:kafkaconnect:us-east-1:123456789012"
UNKNOWN = "none/0b2a1f4e-0000-4000-a000-000000000000-1"


def encoded(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


# --- custom plugins ---


def test_a_plugin_becomes_active_once_its_file_is_found(msk: Msk) -> None:
    name = msk.name("plugin")
    made = msk.connect.create_custom_plugin(
        name=name, description="the S3 sink", contentType="ZIP", location=msk.location()
    )
    assert (made["customPluginState"], made["name"], made["revision"]) == ("CREATING", name, 1)
    assert made["customPluginArn"].startswith(f"{PREFIX}:custom-plugin/{name}/")
    plugin = msk.await_plugin(made["customPluginArn"])
    assert (plugin["customPluginState"], plugin["description"]) == ("ACTIVE", "the S3 sink")
    revision = plugin["latestRevision"]
    assert (revision["revision"], revision["contentType"], revision["location"]) == (1, "ZIP", msk.location())
    assert revision["fileDescription"]["fileSize"] == len(msk.read(msk.plugin_key))


@pytest.mark.parametrize(
    "changes",
    [{"fileKey": "no/such/file.zip"}, {"bucketArn": "arn:aws:s3:::no-such-bucket-anywhere"}],
    ids=["no object", "no bucket"],
)
def test_a_plugin_without_a_file_fails_with_a_reason(msk: Msk, changes: dict[str, str]) -> None:
    arn = msk.create_plugin(location=msk.location(**changes))
    plugin = msk.connect.describe_custom_plugin(customPluginArn=arn)
    assert plugin["customPluginState"] == "CREATE_FAILED"
    assert "cannot be accessed" in plugin["stateDescription"]["message"]
    assert "latestRevision" not in plugin
    used = [{"customPlugin": {"customPluginArn": arn, "revision": 1}}]
    answer = refused(msk.connect.create_connector, **msk.request("any", plugins=used))
    assert answer == ("BadRequestException", 400, "The custom plugin isn't in the ACTIVE state.")


def test_plugins_come_in_pages_by_the_beginning_of_their_name(msk: Msk) -> None:
    names = [f"{msk.prefix}-page-{number}" for number in range(3)]
    for name in names:
        msk.connect.create_custom_plugin(name=name, contentType="ZIP", location=msk.location())
    pages = msk.connect.get_paginator("list_custom_plugins").paginate(
        namePrefix=f"{msk.prefix}-page-", PaginationConfig={"PageSize": 2}
    )
    assert [[plugin["name"] for plugin in page["customPlugins"]] for page in pages] == [names[:2], names[2:]]


def test_a_page_goes_on_where_it_was_though_its_last_plugin_is_gone(msk: Msk) -> None:
    create = msk.connect.create_custom_plugin
    made = [create(name=f"{msk.prefix}-gone-{n}", contentType="ZIP", location=msk.location()) for n in range(3)]
    arns = [plugin["customPluginArn"] for plugin in made]
    listing = {"namePrefix": f"{msk.prefix}-gone-", "maxResults": 1}
    token = msk.connect.list_custom_plugins(**listing)["nextToken"]
    msk.connect.delete_custom_plugin(customPluginArn=arns[0])
    following = msk.connect.list_custom_plugins(**listing, nextToken=token)["customPlugins"]
    assert [plugin["customPluginArn"] for plugin in following] == [arns[1]]


def test_a_plugin_is_deleted_unless_a_connector_uses_it(msk: Msk) -> None:
    arn = msk.create_plugin()
    used = [{"customPlugin": {"customPluginArn": arn, "revision": 1}}]
    connector = msk.create_connector("any", plugins=used)
    answer = refused(msk.connect.delete_custom_plugin, customPluginArn=arn)
    assert answer == ("BadRequestException", 400, f"The custom plugin is in use by connector {connector}.")
    msk.connect.delete_connector(connectorArn=connector)
    msk.await_gone(connector)
    assert msk.connect.delete_custom_plugin(customPluginArn=arn)["customPluginState"] == "DELETING"
    assert refused(msk.connect.describe_custom_plugin, customPluginArn=arn)[:2] == ("NotFoundException", 404)


def test_a_plugins_name_is_taken_once(msk: Msk) -> None:
    name = msk.name("plugin")
    msk.create_plugin(name=name)
    answer = refused(msk.create_plugin, name=name)
    assert answer == ("ConflictException", 409, "A resource with this name already exists.")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"name": "a plugin"}, "one or more characters that are not valid"),
        ({"contentType": "TAR"}, "enum value set: [JAR, ZIP]"),
        ({"location": {"s3Location": {"bucketArn": "bucket", "fileKey": "k"}}}, "The bucket ARN isn't valid."),
        ({"location": {"s3Location": {"bucketArn": "arn:aws:s3:::bucket", "fileKey": ""}}}, "must not be empty"),
        ({"description": "x" * 1025}, "Member must have length less than or equal to 1024"),
    ],
    ids=["name", "content type", "bucket", "file key", "description"],
)
def test_a_plugin_that_makes_no_sense_is_refused(msk: Msk, changes: dict[str, object], message: str) -> None:
    code, status, said = refused(msk.create_plugin, **changes)
    assert (code, status) == ("BadRequestException", 400)
    assert message in said


# --- worker configurations ---


def test_a_worker_configuration_is_kept_as_it_was_given(msk: Msk) -> None:
    name, content = msk.name("worker"), base64.b64encode(PROPERTIES).decode()
    made = msk.connect.create_worker_configuration(name=name, description="plain JSON", propertiesFileContent=content)
    assert (made["workerConfigurationState"], made["latestRevision"]["revision"]) == ("ACTIVE", 1)
    described = msk.connect.describe_worker_configuration(workerConfigurationArn=made["workerConfigurationArn"])
    assert described["latestRevision"]["propertiesFileContent"] == content
    (listed,) = msk.connect.list_worker_configurations(namePrefix=name)["workerConfigurations"]
    assert (listed["name"], listed["description"]) == (name, "plain JSON")
    assert "propertiesFileContent" not in listed["latestRevision"]
    again = refused(msk.connect.create_worker_configuration, name=name, propertiesFileContent=content)
    assert again == ("ConflictException", 409, "A resource with this name already exists.")
    msk.connect.delete_worker_configuration(workerConfigurationArn=made["workerConfigurationArn"])
    assert msk.connect.list_worker_configurations(namePrefix=name)["workerConfigurations"] == []


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("not base64!", "must be a base64 encoded properties file"),
        (base64.b64encode(b"\xff\xfe").decode(), "must be a base64 encoded properties file"),
        (encoded("key.converter=a\n"), "must have the properties value.converter."),
        (encoded("key.converter=a\nvalue.converter=b\ngroup.id=c\nsasl.mechanism=d"), "group.id, sasl.mechanism."),
        (encoded("key.converter=a\nvalue.converter=b\nproducer.retries=9"), "aren't supported: producer.retries."),
    ],
    ids=["not base64", "not text", "no value converter", "not supported", "not a producer's"],
)
def test_a_worker_configuration_that_makes_no_sense_is_refused(msk: Msk, content: str, message: str) -> None:
    code, status, said = refused(
        msk.connect.create_worker_configuration, name=msk.name("worker"), propertiesFileContent=content
    )
    assert (code, status) == ("BadRequestException", 400)
    assert message in said


def test_properties_that_msk_connect_supports_are_taken(msk: Msk) -> None:
    arn = msk.create_worker_configuration(PROPERTIES + b"\nconsumer.max.poll.records=50\noffset.storage.topic=mine\n")
    msk.connect.delete_worker_configuration(workerConfigurationArn=arn)


@pytest.mark.parametrize(
    ("operation", "parameter", "kind"),
    [
        ("describe_custom_plugin", "customPluginArn", "custom-plugin"),
        ("delete_custom_plugin", "customPluginArn", "custom-plugin"),
        ("describe_worker_configuration", "workerConfigurationArn", "worker-configuration"),
        ("delete_worker_configuration", "workerConfigurationArn", "worker-configuration"),
        ("describe_connector_operation", "connectorOperationArn", "connector-operation"),
        ("list_tags_for_resource", "resourceArn", "connector"),
    ],
)
def test_what_is_not_there_is_not_found(msk: Msk, operation: str, parameter: str, kind: str) -> None:
    call = getattr(msk.connect, operation)
    assert refused(call, **{parameter: f"{PREFIX}:{kind}/{UNKNOWN}"})[:2] == ("NotFoundException", 404)
    assert refused(call, **{parameter: "none"})[:2] == ("BadRequestException", 400)


def test_plugins_and_worker_configurations_take_tags(msk: Msk) -> None:
    plugin, worker = msk.create_plugin(tags={"course": "pinterest"}), msk.create_worker_configuration()
    for arn, before in ((plugin, {"course": "pinterest"}), (worker, {})):
        assert msk.connect.list_tags_for_resource(resourceArn=arn)["tags"] == before
        msk.connect.tag_resource(resourceArn=arn, tags={"course": "kafka", "owner": "student"})
        msk.connect.untag_resource(resourceArn=arn, tagKeys=["owner", "none"])
        assert msk.connect.list_tags_for_resource(resourceArn=arn)["tags"] == {"course": "kafka"}
