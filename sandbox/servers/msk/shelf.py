"""Things of one kind by their ARN, in memory and on disk."""

from __future__ import annotations

import copy
from typing import Any

from sandbox.servers.aws.errors import BadRequestError, ConflictError, NotFoundError
from sandbox.servers.aws.store import Store
from sandbox.servers.msk.identifiers import arn_prefix, file_name

Record = dict[str, Any]
NO_SUCH_THING = "The requested resource doesn't exist."
BAD_PARAMETER = "One or more of the parameters are not valid."


class Shelf:
    """Records under Amazon's names of their fields; what is saved is on the disk when the call returns.

    Args:
        store: where they are kept.
        service: as it stands in their ARNs (`kafkaconnect`).
        kind: as it stands in their ARNs (`connector`), and the name of their folder.
        arn: the field that holds the ARN.
        name: the field that holds the name.
    """

    def __init__(self, store: Store, service: str, kind: str, arn: str, name: str) -> None:
        self._store = store
        self._kind = kind
        self._prefix = arn_prefix(service, kind)
        self._arn = arn
        self._name = name
        self._records: dict[str, Record] = {record[arn]: record for record in store.load(kind).values()}

    def covers(self, arn: str) -> bool:
        """Whether an ARN is one of this kind."""
        return arn.startswith(self._prefix)

    def records(self, name_prefix: str = "") -> list[Record]:
        """Copies of the records whose name begins so."""
        return copy.deepcopy(
            [record for record in self._records.values() if record[self._name].startswith(name_prefix)]
        )

    def get(self, arn: str) -> Record | None:
        """A copy of a record; None if it is gone."""
        return copy.deepcopy(self._records.get(arn))

    def find(self, arn: str) -> Record:
        """A copy of a record. Raises `BadRequestError` for what is no ARN of this kind, `NotFoundError`."""
        if not self.covers(arn):
            raise BadRequestError(BAD_PARAMETER, invalidParameter=self._arn)
        record = self.get(arn)
        if record is None:
            raise NotFoundError(NO_SUCH_THING, invalidParameter=self._arn)
        return record

    def refuse_taken(self, name: str) -> None:
        """Raise `ConflictError` if there is a record of this name."""
        if any(record[self._name] == name for record in self._records.values()):
            raise ConflictError("A resource with this name already exists.", invalidParameter=self._name)

    def save(self, record: Record) -> None:
        """Keep a record that was made or changed."""
        self._store.save(self._kind, file_name(record[self._arn]), record)
        self._records[record[self._arn]] = copy.deepcopy(record)

    def delete(self, arn: str) -> None:
        """Remove a record."""
        self._store.delete(self._kind, file_name(arn))
        del self._records[arn]
