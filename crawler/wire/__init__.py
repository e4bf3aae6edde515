"""Fetching: the bytes on the wire, one exchange at a time.

Modules:

    address_limits  how many exchanges run at once with one IP address
    connection      one connection, on asyncio
    fetcher         one request in, its attempts out as exchanges; failures are results, not exceptions
    origin          where a request goes: scheme, host, port, proxy
    pool            connections to permitted addresses
    reader          an incremental HTTP/1.x response reader, without input or output
    resolver        host addresses, cached for a while
    response_file   the large part of a response, in an unnamed file
"""
