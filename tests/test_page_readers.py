"""The readers of pages see what a reader sees."""

from pathlib import Path

import pytest
from markdown_pages import Page, slug
from shell_words import commands, written_files


@pytest.mark.parametrize(
    ("heading", "anchor"),
    [
        ("7. Write client.properties", "7-write-clientproperties"),
        ("6. Install Java, Kafka's tools and the IAM library", "6-install-java-kafkas-tools-and-the-iam-library"),
        ("`partition=0` only", "partition0-only"),
        ("Tear-down", "tear-down"),
    ],
)
def test_an_anchor_is_githubs(heading: str, anchor: str) -> None:
    assert slug(heading) == anchor


def test_the_second_heading_of_a_name_has_a_number(tmp_path: Path) -> None:
    (tmp_path / "page.md").write_text("# A\n\n## Check\n\ntext\n\n## Check\n")
    assert Page(tmp_path / "page.md").anchors == {"a", "check", "check-1"}


def test_a_call_is_found_in_a_substitution_and_in_a_condition() -> None:
    script = 'until [ "$(aws kafka get --arn "$a" --query State)" = ACTIVE ]\ndo sleep 5; done\nb=$(aws sts who)\n'
    assert list(commands(script, "aws")) == [
        ["aws", "kafka", "get", "--arn", "$a", "--query", "State"],
        ["aws", "sts", "who"],
    ]


def test_what_a_call_holds_in_quotes_is_one_word() -> None:
    script = """aws x put --text "$(cat f | tr -d '\\n')" --op 'a;b' --last > file 2>&1 || true\n"""
    assert list(commands(script, "aws")) == [["aws", "x", "put", "--text", "SUBSTITUTED", "--op", "a;b", "--last"]]


def test_a_path_a_comment_and_a_here_document_are_no_calls() -> None:
    script = "# aws s3 ls\nls aws/ec2 && cat > f.json << END\naws s3 ls\nEND\n"
    assert list(commands(script, "aws")) == []
    assert written_files(script) == {"f.json": "aws s3 ls"}
