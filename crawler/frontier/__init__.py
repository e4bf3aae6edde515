"""What is known of addresses, sources and hosts, kept in SQLite or PostgreSQL.

Modules:

    capture_outcomes  what a capture outcome means for an address
    database          SQLite, or a PostgreSQL that several machines share
    database_watch    cuts database connections that no longer answer
    entries           what the frontier is told and tells
    failures          when what is not captured is tried again or given up
    frontier          which addresses are known, due, captured and stored
    holds             hosts that asked to be left alone: a pure rule
    leases            who alone may work at something, across machines
    migrations/       changes of the tables, one file each
    outcome_log       how attempts and pages ended, by site and hour
    presence          being alone at a site, host or address while a crawl works there
    schema            creating and migrating the tables (Alembic)
    site_copy         part of a shared frontier, copied for a dry run
    site_memories     what recurs on the pages of each site
    tables            the tables
"""
