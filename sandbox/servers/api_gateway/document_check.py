"""What an import refuses and what it warns of, in Amazon's wording where Amazon has one."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from sandbox.servers.api_gateway.document import PATH_PART, Document, foreign_schemes, methods, resource_paths, section
from sandbox.servers.api_gateway.extensions import API_KEY_SOURCE, MINIMUM_COMPRESSION_SIZE, POLICY
from sandbox.servers.api_gateway.integrations import check_integration
from sandbox.servers.api_gateway.rest_api_shape import BAD_COMPRESSION_SIZE, is_compression_size
from sandbox.servers.aws.errors import BadRequestError

BAD_PATH_PART = (
    "Resource's path part only allow a-zA-Z0-9._-:@$%~ or a valid greedy path variable and curly braces at the "
    "beginning and the end."
)


def check(document: Document, fail_on_warnings: bool) -> list[str]:
    """The warnings of a document that can be imported.

    Raises `BadRequestError` with every error at once, or with the warnings if they are to fail the import.
    """
    checks = (_resource_errors, _method_errors, _api_errors)
    errors = [error for faults in checks for error in faults(document)]
    if errors:
        raise BadRequestError("Errors found during import:\n\t" + "\n\t".join(errors))
    warnings = list(_warnings(document))
    if warnings and fail_on_warnings:
        raise BadRequestError("Warnings found during import:\n\t" + "\n\t".join(warnings))
    return warnings


def _resource_errors(document: Document) -> Iterator[str]:
    earlier: list[str] = []
    for path in resource_paths(document):
        for fault in resource_faults(earlier, path):
            yield f"Unable to create resource at path '{path}': {fault}"
        earlier.append(path)


def resource_faults(known: Iterable[str], path: str) -> Iterator[str]:
    """What keeps a path from being a resource besides the known ones, one sentence each."""
    parent, _, part = path.rpartition("/")
    if part and not PATH_PART.match(part):
        yield BAD_PATH_PART
    if parent.endswith("+}"):
        yield f"Cannot create a child of a resource with a greedy path variable: {parent.rpartition('/')[2]}"
    variables = [other for other in known if other.startswith(f"{parent}/{{") and other.count("/") == path.count("/")]
    if part.startswith("{") and variables and path not in variables:
        sibling = variables[0].rpartition("/")[2]
        yield f"A sibling ({sibling}) of this resource already has a variable path part -- only one is allowed"


def _method_errors(document: Document) -> Iterator[str]:
    for method in methods(document):
        if method.integration is None:
            continue
        for fault in check_integration(method):
            yield f"Unable to put integration on '{method.verb}' for resource at path '{method.path}': {fault}"


def _api_errors(document: Document) -> Iterator[str]:
    if not section(document, "info").get("title"):
        yield "Unable to create API: Rest API name must be specified in info.title"
    if not is_compression_size(document.get(MINIMUM_COMPRESSION_SIZE, 0)):
        yield f"Unable to create API: {BAD_COMPRESSION_SIZE}"
    if str(document.get(API_KEY_SOURCE, "HEADER")).upper() != "HEADER":
        yield f"Unable to create API: {API_KEY_SOURCE} must be HEADER here; authorizers are not served"


def _warnings(document: Document) -> Iterator[str]:
    if document.get("security"):
        yield "Ignoring the root level security; name it in each operation"
    if document.get(POLICY):
        yield f"Ignoring {POLICY}: resource policies are not served here"
    for method in methods(document):
        for name in foreign_schemes(document, method.operation):
            yield f"Ignoring the authorization '{name}' of '{method.verb}' at path '{method.path}': not served here"
