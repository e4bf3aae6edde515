"""How many files and connections a run may have open at once (setrlimit(2), RLIMIT_NOFILE)."""

from __future__ import annotations

import resource

from crawler.config import ConfigurationError

_APART_FROM_REQUESTS = 48
"""What a run has open besides a connection a request: databases and their journals, segments, the spool, and pipes to
the processes that extract articles."""


def require_open_files(concurrency: int) -> None:
    """Raise this process's limit as far as the system lets it, and refuse a limit under which a run gets stuck.

    Raises ConfigurationError when fewer than 48 files beside `concurrency` connections may be open.
    """
    limit, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    if limit == resource.RLIM_INFINITY:
        return
    needed = _APART_FROM_REQUESTS + concurrency
    if limit != most and limit < needed:
        limit = needed if most == resource.RLIM_INFINITY else min(needed, most)
        resource.setrlimit(resource.RLIMIT_NOFILE, (limit, most))
    if limit < needed:
        raise ConfigurationError(
            f"only {limit} files may be open at once, but a run with concurrency = {concurrency} needs {needed}; "
            "raise the limit (ulimit -n 1024, or LimitNOFILE=1024 in a systemd unit), or lower the concurrency"
        )
