"""Scrapy's settings. `scrapy.cfg` names this module; `crawler.run.addon` adds the configuration."""

from __future__ import annotations

from pipelines.items import item_pipelines

BOT_NAME = "newswarc"
SPIDER_MODULES = ["spiders.families"]
ADDONS = {"crawler.run.addon.ConfigurationAddon": 0}

TWISTED_REACTOR = "twisted.internet.asyncioreactor.AsyncioSelectorReactor"
ASYNCIO_EVENT_LOOP = "uvloop.Loop"

DOWNLOAD_HANDLERS = {
    "http": "crawler.run.download_handler.WireDownloadHandler",
    "https": "crawler.run.download_handler.WireDownloadHandler",
    "data": None,
    "file": None,
    "ftp": None,
    "s3": None,
}
# Scrapy imports what it has of its own even where it is switched off: a tenth of a second of each start
EXTENSIONS_BASE: dict[str, int] = {}
EXTENSIONS = {"crawler.run.extension.CrawlExtension": 0}
DOWNLOADER_MIDDLEWARES = {
    # No spider names domains, and the download handler knows the configured time-out
    "scrapy.downloadermiddlewares.offsite.OffsiteMiddleware": None,
    "scrapy.downloadermiddlewares.downloadtimeout.DownloadTimeoutMiddleware": None,
    # Replaces Scrapy's own, which lets denials pass without a record
    "scrapy.downloadermiddlewares.robotstxt.RobotsTxtMiddleware": None,
    "crawler.run.pace_middleware.PaceMiddleware": 90,
    "crawler.run.robots_middleware.RecordingRobotsMiddleware": 100,
    "scrapy.downloadermiddlewares.redirect.RedirectMiddleware": None,
    "crawler.run.redirect_middleware.ToldRedirectMiddleware": 600,
    # The download handler decodes: a wrong Content-Encoding costs a flag, not the page
    "scrapy.downloadermiddlewares.httpcompression.HttpCompressionMiddleware": None,
    "scrapy.downloadermiddlewares.httpcache.HttpCacheMiddleware": None,
    "scrapy.downloadermiddlewares.httpauth.HttpAuthMiddleware": None,
    "scrapy.downloadermiddlewares.cookies.CookiesMiddleware": None,
    "crawler.run.cookies_middleware.BoundedCookiesMiddleware": 700,
}
DUPEFILTER_CLASS = "crawler.run.duplicate_filter.FirstStepFilter"
SCHEDULER_PRIORITY_QUEUE = "crawler.run.fair_queue.FairQueue"
# Documents of sources that are being read: a few large ones must not hold up what else is fetched
SCRAPER_SLOT_MAX_ACTIVE_SIZE = 32 << 20
SPIDER_MIDDLEWARES = {
    "crawler.run.frontier_middleware.FrontierMiddleware": 0,
    "scrapy.spidermiddlewares.referer.RefererMiddleware": None,
    # Depth is limited where sources are followed, the length of addresses where they are found
    "scrapy.spidermiddlewares.depth.DepthMiddleware": None,
    "scrapy.spidermiddlewares.urllength.UrlLengthMiddleware": None,
    "scrapy.spidermiddlewares.metacopy.MetaCopyDetectionMiddleware": None,
}
ITEM_PIPELINES = item_pipelines()

# One item at a time for each response: a hundred tasks a response cost a quarter of the processor
CONCURRENT_ITEMS = 1
TELNETCONSOLE_ENABLED = False
REMOTE_CONTROL_ENABLED = False
# A delay is the least time between two requests, not their mean
DOWNLOAD_DELAY_JITTER = 0.0
# News pages reload themselves this way; followed, each would be fetched over and over
METAREFRESH_ENABLED = False
DEFAULT_REQUEST_HEADERS = {
    "Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8",
    "Accept-Language": "*",
    # Common readers of WARC files break on br and zstd
    "Accept-Encoding": "gzip",
}
RETRY_EXCEPTIONS = [
    "scrapy.exceptions.DownloadFailedError",
    "scrapy.exceptions.DownloadTimeoutError",
    "scrapy.exceptions.ResponseDataLossError",
]
# Not 429 and 503, which ask for patience: that goes beyond a run
RETRY_HTTP_CODES = [500, 502, 504, 522, 524, 408]
RETRY_GIVE_UP_LOG_LEVEL = "INFO"
STATS_DUMP = False
# Outcomes are counted where attempts are kept
DOWNLOADER_STATS = False
WARN_ON_GENERATOR_RETURN_VALUE = False
LOG_LEVEL = "WARNING"
"""Problem lines report each site's problems; the log is for developers."""
