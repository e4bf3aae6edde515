"""Changes of the frontier's tables, one file each, for SQLite and PostgreSQL (Alembic).

A change is written by hand, and `crawler.frontier.schema.SCHEMA_VERSION` names the last one.

Modules:

    env        what Alembic runs
    versions/  the changes, in their order
"""
