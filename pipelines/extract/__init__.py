"""From an HTML page to an article. Pure: no clock, no network, no file.

document     bytes to one tree: the charset is decided once
candidates   claims about a field, each with its source
structured   what the page declares: JSON-LD, meta elements, microdata
headline, dates, authors   one field each: candidates, then a resolution
text         the body, with trafilatura (nothing else imports it)
furniture    lines of the page that are no text of the article
media        images, links, other editions
rights       paywall, robots, text and data mining, licence
language     language and script of a text
fingerprint  word count, digest and similarity hash of a text
article      all of it put together: `extract`
"""

from pipelines.extract.article import EXTRACTOR_GENERATION, Rejected, SiteMemory, extract

__all__ = ["EXTRACTOR_GENERATION", "Rejected", "SiteMemory", "extract"]
