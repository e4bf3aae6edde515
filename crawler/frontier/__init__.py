"""What is known about URLs, sources and hosts, kept in SQLite or PostgreSQL.

Modules:

    capture_outcomes  what a capture outcome means for a URL
    database          SQLite, or a PostgreSQL that several machines share
    database_watch    cuts database connections that no longer answer
    entries           the frontier's input and output types
    failures          when a failed URL is tried again or given up
    falling_due       when anything falls due that is not due now
    frontier          which URLs are known, due, captured and stored
    holds             hosts that asked for a pause (pure)
    host_turns        whose turn it is at a host, among the runs of one machine
    leases            exclusive access across machines
    migrations/       changes to the tables, one file each
    outcome_log       how attempts and pages ended, by site and hour
    presence          exclusive access to a site, host or IP address while a crawl uses it
    run_history       what runs came to, the newest first
    schema            creating and migrating the tables (Alembic)
    site_copy         part of a shared frontier, copied for a dry run
    site_memories     what recurs on the pages of each site
    tables            the tables
"""
