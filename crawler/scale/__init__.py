"""Several machines on one frontier (PostgreSQL): who may work at what, which sites they crawl, and the workers.

- `leases`: who alone works at a site, a host, an address; nothing is fetched without them.
- `fleet`: the sites that workers crawl, when each is due, and what is to be done when a machine is lost.
- `jobs`, `worker`: procrastinate hands a site's job to one of the workers; each runs crawls as processes of its own.
"""
