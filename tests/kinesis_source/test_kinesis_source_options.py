"""Options as Databricks has them, and what is told of those that cannot be used."""

from __future__ import annotations

import pickle
from datetime import UTC, datetime

import pytest
from pyspark_kinesis import DefaultSource
from pyspark_kinesis.client import make_client
from pyspark_kinesis.errors import InvalidOptionError, RequestRefusedError
from pyspark_kinesis.moments import milliseconds, milliseconds_of, text_of
from pyspark_kinesis.options import TRIM_HORIZON, WITHOUT_EFFECT, Options, read_options

ARN = "arn:aws:kinesis:eu-west-1:123456789012:stream/clicks"


def read(**given: str) -> Options:
    return read_options({"streamName": "clicks", **given})


def test_names_are_known_in_any_case() -> None:
    options = read_options({"STREAMNAME": "clicks", "maxrecordsPERfetch": "7", "initialposition": "Earliest"})
    assert (options.streams[0].name, options.records_per_fetch, options.position) == ("clicks", 7, TRIM_HORIZON)


def test_what_is_left_out_has_databricks_defaults() -> None:
    options = read()
    assert (options.position, options.records_per_fetch, options.records_per_trigger) == ("LATEST", 10_000, 100_000)


def test_streams_may_be_several() -> None:
    assert [stream.name for stream in read_options({"streamName": "one, two"}).streams] == ["one", "two"]


def test_an_arn_gives_name_and_region() -> None:
    options = read_options({"streamARN": ARN})
    assert (options.streams[0].name, options.region) == ("clicks", "eu-west-1")
    assert options.streams[0].arguments == {"StreamARN": ARN}


@pytest.mark.parametrize("name", WITHOUT_EFFECT)
def test_options_of_databricks_fetcher_are_accepted(name: str) -> None:
    assert read(**{name: "5"}) == read()


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"streamNames": "x"}, "no option streamnames. Did you mean streamName?"),
        ({"path": "x"}, "no option path. "),
        ({"serviceCredential": "x"}, "exists on Databricks only"),
        ({"streamName": ""}, "exactly one of streamName and streamARN"),
        ({"streamARN": ARN}, "exactly one of streamName and streamARN"),
        ({"streamName": "a b"}, "no name of a stream"),
        ({"streamName": "a,a"}, "a stream twice"),
        ({"streamName": "", "streamARN": "arn:clicks"}, "not of the form"),
        ({"consumerMode": "efo"}, "no enhanced fan-out"),
        ({"maxRecordsPerFetch": "10001"}, "from 1 to 10000"),
        ({"maxRecordsPerTrigger": "0"}, "maxRecordsPerTrigger '0' cannot be used"),
        ({"maxRecordsPerTrigger": "1e3"}, "give a whole number"),
        ({"failOnDataLoss": "maybe"}, "give true or false"),
        ({"initialPosition": "oldest"}, "initialPosition 'oldest' cannot be read"),
        ({"initialPosition": '{"format": "yyyy"}'}, "cannot be read"),
        ({"initialPosition": '{"at_timestamp": 5}'}, "cannot be read"),
        ({"initialPosition": '{"at_timestamp": "1", "format": "QQ"}'}, "letters QQ are not known"),
        ({"awsAccessKey": "AKIA"}, "go together"),
        ({"awsSessionToken": "t"}, "goes with them"),
        ({"roleExternalId": "x"}, "roleExternalId without roleArn"),
    ],
)
def test_what_cannot_be_used_is_told(given: dict[str, str], told: str) -> None:
    with pytest.raises(InvalidOptionError) as caught:
        read(**given)
    assert told in str(caught.value)


@pytest.mark.parametrize(
    ("text", "pattern", "moment"),
    [
        ("06/25/2020 10:23:45 PDT", "MM/dd/yyyy HH:mm:ss ZZZ", datetime(2020, 6, 25, 17, 23, 45, tzinfo=UTC)),
        ("2020-06-25T10:23:45.5+02:00", None, datetime(2020, 6, 25, 8, 23, 45, 500_000, tzinfo=UTC)),
        ("2020-06-25 10:23:45", None, datetime(2020, 6, 25, 10, 23, 45, tzinfo=UTC)),
        ("2020-06-25T10:23:45Z", "yyyy-MM-dd'T'HH:mm:ssX", datetime(2020, 6, 25, 10, 23, 45, tzinfo=UTC)),
        ("25 Jun 2020 1:02 PM -0330", "dd MMM yyyy h:mm a Z", datetime(2020, 6, 25, 16, 32, tzinfo=UTC)),
        ("2020-06-25 GMT+1", "yyyy-MM-dd z", datetime(2020, 6, 24, 23, tzinfo=UTC)),
    ],
)
def test_moments_are_read_in_javas_patterns(text: str, pattern: str | None, moment: datetime) -> None:
    assert milliseconds_of(text, pattern) == milliseconds(moment)


def test_a_moment_written_is_the_moment_read() -> None:
    assert milliseconds_of(text_of(1_700_000_000_123)) == 1_700_000_000_123


def test_no_key_shows() -> None:
    options = read(awsAccessKey="AKIAEXAMPLE", awsSecretKey="very-secret", awsSessionToken="token-text")
    source = DefaultSource({"streamName": "clicks", "awsAccessKey": "AKIAEXAMPLE", "awsSecretKey": "very-secret"})
    shown = repr(options) + repr(source) + repr(source.__dict__)
    assert not [text for text in ("AKIAEXAMPLE", "very-secret", "token-text") if text in shown]


def test_keys_and_endpoint_reach_the_client() -> None:
    keys = {"awsAccessKey": "AKIAEXAMPLE", "awsSecretKey": "very-secret", "awsSessionToken": "token-text"}
    client = make_client(read(region="eu-west-1", endpoint="kinesis.example.org", **keys))
    credentials = client._request_signer._credentials
    assert client.meta.endpoint_url == "https://kinesis.example.org"
    assert (credentials.access_key, credentials.secret_key, credentials.token) == tuple(keys.values())


def test_an_unknown_region_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_REGION", "AWS_DEFAULT_REGION", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", "/nowhere")
    with pytest.raises(InvalidOptionError, match="give the option region"):
        make_client(read())


def test_errors_reach_another_process_whole() -> None:
    error = pickle.loads(pickle.dumps(RequestRefusedError("told", "AccessDeniedException")))
    assert (str(error), error.code) == ("told", "AccessDeniedException")
