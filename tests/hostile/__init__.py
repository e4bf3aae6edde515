"""A server that misbehaves in every way its authors could think of, and one crawl of all of it.

case       what a case is, and the words its answers are made of
server     the server: each case on a loopback address of its own
transport, codings, markup, traps, redirects, pages, robots, patience, silence    the cases, by class
run        the crawl, watched: memory, time, requests, what the archive holds
"""
