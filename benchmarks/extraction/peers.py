"""Other extractors on saved pages, in an environment of their own: this file imports nothing of the project.

    python peers.py WAY PAGES.jsonl

PAGES.jsonl has a line a page: the gzipped file and its address. Writes a line of JSON for each page. Ends with 3 when
the way's package is not installed.
"""

import gzip
import importlib
import json
import sys
import time
from pathlib import Path
from typing import Any

Found = dict[str, Any]


def resiliparse(html: bytes, _url: str) -> Found:
    from resiliparse.extract.html2text import extract_plain_text
    from resiliparse.parse.encoding import detect_encoding
    from resiliparse.parse.html import HTMLTree

    tree = HTMLTree.parse_from_bytes(html, detect_encoding(html) or "utf-8")
    return {"text": extract_plain_text(tree, main_content=True, alt_texts=False, comments=False)}


def readability(html: bytes, _url: str) -> Found:
    import lxml.html
    from readability import Document

    document = Document(html.decode("utf-8", "replace"))
    tree = lxml.html.fromstring(document.summary())
    blocks = ("p", "h2", "h3", "li", "blockquote", "pre", "td")
    lines = [" ".join(str(element.xpath("string()")).split()) for element in tree.iter(*blocks)]
    return {"text": "\n".join(line for line in lines if line), "title": document.short_title()}


def newspaper(html: bytes, url: str) -> Found:
    from newspaper import Article

    article = Article(url or "https://example.org/", fetch_images=False)
    article.download(input_html=html.decode("utf-8", "replace"))
    article.parse()
    date = article.publish_date.isoformat() if article.publish_date else None
    return {"text": article.text, "title": article.title, "date": date, "authors": list(article.authors)}


def newsplease(html: bytes, url: str) -> Found:
    from newsplease import NewsPlease

    article = NewsPlease.from_html(html.decode("utf-8", "replace"), url=url or None, fetch_images=False)
    date = article.date_publish.isoformat() if article.date_publish else None
    return {
        "text": article.maintext or "",
        "title": article.title,
        "date": date,
        "authors": list(article.authors or []),
    }


WAYS = {
    "resiliparse": ("resiliparse", resiliparse),
    "readability-lxml": ("readability", readability),
    "newspaper4k": ("newspaper", newspaper),
    "news-please": ("newsplease", newsplease),
}


def main(name: str, path: str) -> int:
    """Go over the pages in one way."""
    module, way = WAYS[name]
    pages = [json.loads(line) for line in Path(path).read_text(encoding="utf-8").splitlines()]
    try:
        importlib.import_module(module)
    except ImportError as error:
        sys.stderr.write(f"{name}: {error}\n")
        return 3
    for file, url in pages:
        with gzip.open(file) as opened:
            html = opened.read()
        before = time.process_time()
        try:
            found = way(html, url)
        except Exception as error:  # noqa: BLE001 - a page that breaks an extractor counts as empty
            found = {"text": ""}
            sys.stderr.write(f"{name}: {file}: {type(error).__name__}\n")
        sys.stdout.write(json.dumps({**found, "seconds": time.process_time() - before}) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
