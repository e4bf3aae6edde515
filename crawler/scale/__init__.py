"""Several machines on one frontier (PostgreSQL): jobs, sites and workers.

A lease is taken before anything is fetched (`crawler.frontier.leases`).

Modules:

    crawls     crawls of a worker, each its own process
    fleet      the sites that workers crawl and when they are due
    jobs       jobs for workers (procrastinate)
    preloaded  what a crawl needs, imported before forking
    worker     takes jobs, crawls, reports that it is alive
"""
