"""The whole job beside the two ways that people would write themselves.

run           the newspaper, the rounds, the report
with_scrapy   a Scrapy spider with trafilatura in its pipeline; keeps no WARC
with_requests requests, warcio's capture and trafilatura, one page after the other
"""
