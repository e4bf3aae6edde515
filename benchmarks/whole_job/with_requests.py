"""A script as one would write it: requests under warcio's capture, trafilatura for the text; JSON lines and a WARC.

python -m benchmarks.whole_job.with_requests ADDRESS OUTPUT
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from warcio.capture_http import capture_http

import requests  # isort: skip - warcio's capture has to be imported before
import trafilatura
from lxml import etree


def main() -> None:
    """Crawl."""
    address, output = sys.argv[1], Path(sys.argv[2])
    session = requests.Session()
    found: list[str] = []
    with capture_http(str(output.with_suffix(".warc.gz"))), output.open("w", encoding="utf-8") as file:
        session.get(f"{address}/robots.txt")
        session.get(f"{address}/")
        for source in ("feed.xml", "news.xml"):
            document = etree.fromstring(session.get(f"{address}/{source}").content)
            found += [str(element.text) for element in document.iter("{*}link", "{*}loc")]
        for page in dict.fromkeys(found):
            html = session.get(page).content
            text = trafilatura.extract(html, url=page, output_format="json", with_metadata=True)
            file.write(json.dumps({"url": page, **(json.loads(text) if text else {})}) + "\n")


if __name__ == "__main__":
    main()
