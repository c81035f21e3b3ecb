"""supervisord, with a poller that forgets a descriptor in error: `python -m sandbox.supervisord -c FILE`.

supervisord 4.3 leaves a descriptor registered that was closed. Where its number is given anew to the stdin of a program
that closes its own end, as mariadbd does, poll tells POLLERR at once and for ever, which supervisord neither handles
nor unregisters, and it takes a whole core (its issue 807).
"""

import select
from typing import Any

from supervisor import poller, supervisord


class ForgettingPoller(poller.PollPoller):
    """Unregisters a descriptor that has an error and nothing to read or write."""

    def _ignore_invalid(self, fd: int, eventmask: int) -> Any:
        only_error = eventmask & select.POLLERR and not eventmask & (self.READ | self.WRITE)
        return super()._ignore_invalid(fd, select.POLLNVAL if only_error else eventmask)


if __name__ == "__main__":
    if poller.Poller is poller.PollPoller:
        poller.Poller = ForgettingPoller
    supervisord.main()
