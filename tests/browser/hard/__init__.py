"""Pages that are hard to capture with a browser, a server that shows them, and what has to come of each.

Modules:

    case       what a case is
    ends       pages that misbehave: crash, hang, grow, ask, and try to get out
    run        all cases in a browser, and what came of them
    server     the server: what it sent and what it was asked for, to the byte
    transfers  requests of every kind that scripts and documents make
    views      what a reader has to do, or wait for, before a page shows its text
"""
