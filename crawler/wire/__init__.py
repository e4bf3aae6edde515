"""Fetching: the bytes on the wire, one exchange at a time.

reader      an incremental HTTP/1.x response reader, without input or output
connection  connections and their pool, on asyncio
fetcher     one request in, its attempts out as exchanges; failures are results, not exceptions
handler     the Scrapy side: a download handler
"""
