"""Monitoring a machine: what it has done, what is waiting, what is wrong.

Modules:

    alarms       sending each concern once when it starts, and once when it is resolved
    browser_needs  which sites' pages need a browser, as crawls have learned
    concerns     what needs attention, each with a name and a remedy (pure)
    fixity_note  when the archive was last verified
    metrics      the status as Prometheus metrics
    notifiers    where alarms are sent: a webhook, a mailbox, a command
    status       sites, backlog, spool and disk, read from this machine's state only
"""
