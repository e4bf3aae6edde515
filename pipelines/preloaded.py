"""The extractor with its models, for the server that worker processes are forked from; nobody else imports this.

Importing it reads the models, which nothing else here does when it is imported. What it has read the workers share,
and none of them reads it again.
"""

from lxml import html
from trafilatura.external import try_justext

from pipelines.derivation import derive, derive_page
from pipelines.extract import warm_up

__all__ = ["derive", "derive_page"]

warm_up()
# The words of a hundred languages, which trafilatura reads for one page in twenty: 25 MiB, in each worker if not here
try_justext(html.Element("html"), None, None)
