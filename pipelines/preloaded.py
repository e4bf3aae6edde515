"""The extractor with its models, for the server that worker processes are forked from; nobody else imports this.

Importing it reads the models, which nothing else here does when it is imported. What it has read the workers share,
and none of them reads it again.
"""

from pipelines.derivation import derive, derive_page
from pipelines.extract import warm_up
from pipelines.stop_words import share_stop_words

__all__ = ["derive", "derive_page"]

share_stop_words()
warm_up()
