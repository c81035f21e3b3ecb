"""Brings about what was asked for: looks for plugin files, has the worker run, change and end connectors.

Every step begins at what is on the disk and ends there, so that a server that was killed goes on where it was.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from pathlib import Path

from sandbox.servers.aws.errors import StateError
from sandbox.servers.msk import connectors, updates
from sandbox.servers.msk.connectors import Phase, definition, unreachable, wanted
from sandbox.servers.msk.plugin_files import CODE, PluginFileError, PluginFiles, S3AwayError
from sandbox.servers.msk.shelf import Record
from sandbox.servers.msk.state import State
from sandbox.servers.msk.worker_folder import Told
from sandbox.servers.msk_connect.definitions import write_json

LOG = logging.getLogger(__name__)
PAUSE_SECONDS = 0.25
WAITED_OUT = (S3AwayError, StateError, OSError)  # anything else is a fault of the server, and logged with its place


class Steward:
    """Works until it is cancelled.

    Args:
        state: what was asked for.
        files: tells of plugin files.
        log_groups: the file that says to which log group each connector's log lines go: `{connector: log group}`.
    """

    def __init__(self, state: State, files: PluginFiles, log_groups: Path) -> None:
        self._state = state
        self._files = files
        self._log_groups = log_groups
        self._told_groups: dict[str, str] | None = None

    async def work(self) -> None:
        """Look after plugins and connectors; neither waits for the other."""
        await asyncio.gather(_again_and_again(self._look_after_plugins), _again_and_again(self._look_after_connectors))

    async def _look_after_plugins(self) -> None:
        for plugin in self._state.plugins.records():
            if plugin["customPluginState"] == "CREATING":
                change = await self._looked_for(plugin["latestRevision"])
                # It may have been deleted or tagged meanwhile.
                if current := self._state.plugins.get(plugin["customPluginArn"]):
                    self._state.plugins.save({**current, **change})

    async def _looked_for(self, revision: Record) -> Record:
        """What looking for a plugin's file changes in its record."""
        try:
            found = await asyncio.to_thread(self._files.describe, revision["location"]["s3Location"])
        except PluginFileError as error:
            return {
                "customPluginState": "CREATE_FAILED",
                "stateDescription": {"code": CODE, "message": str(error)},
            }
        return {"customPluginState": "ACTIVE", "latestRevision": {**revision, "fileDescription": found}}

    async def _look_after_connectors(self) -> None:
        for connector in self._state.connectors.records():
            if connector["phase"] == Phase.DELETING:
                self._end(connector)
            elif connector["phase"] == Phase.CREATING and (fault := unreachable(self._state, connector)):
                self._state.connectors.save({**connector, "phase": Phase.FAILED, "stateDescription": fault})
            elif connector["phase"] != Phase.FAILED:
                self._run(connector)
        self._tell_log_groups()

    def _end(self, connector: Record) -> None:
        self._state.worker.end(connector["connectorName"])
        if self._state.worker.has_ended(connector["connectorName"]):
            self._state.connectors.delete(connector["connectorArn"])

    def _run(self, connector: Record) -> None:
        """Have the worker run the connector as it is wanted, and follow what it tells."""
        run_by = definition(self._state, wanted(connector))
        self._state.worker.run(run_by)
        told = self._state.worker.told(run_by)
        if told and connector["phase"] != Phase.RUNNING:
            self._settle(connector, told)

    def _settle(self, connector: Record, told: Told) -> None:
        """The worker runs what was wanted, or has refused it."""
        if connector["phase"] == Phase.CREATING or updates.settle(connector, told.fault):
            connector["phase"] = Phase.RUNNING
        self._state.connectors.save(connector)

    def _tell_log_groups(self) -> None:
        groups = {
            connector["connectorName"]: group
            for connector in self._state.connectors.records()
            if (group := connectors.log_group(connector))
        }
        if groups != self._told_groups:
            write_json(self._log_groups, groups)
            self._told_groups = groups


async def _again_and_again(step: Callable[[], Awaitable[None]]) -> None:
    """Do what there is to do, and do it again; what stands in the way is logged once and waited out."""
    trouble = ""
    while True:
        try:
            await step()
            trouble = ""
        except Exception as error:
            if str(error) != trouble:
                LOG.warning("trying again: %s", error, exc_info=not isinstance(error, WAITED_OUT))
            trouble = str(error)
        await asyncio.sleep(PAUSE_SECONDS)
