"""The extractor with its models, for the server that worker processes are forked from; nobody else imports this.

Importing it reads the models, which nothing else here does when it is imported: that server can be told to import,
and to do nothing else. What it has read the workers share, and none of them reads it again.
"""

from pipelines.derivation import derive, derive_page
from pipelines.extract import warm_up

__all__ = ["derive", "derive_page"]

warm_up()
