"""The operator's view of a machine: what it has done, what it owes, what is wrong with it.

Modules:

    alarms    concerns that begin are told once, and told again when they have passed
    concerns  what of it needs a person, each with a name and a remedy; pure
    metrics   the status as Prometheus reads it
    status    what there is: sites, backlog, spool, disk; read from this machine's state alone
    tellers   who is told of alarms: a web hook, a mailbox, a command of one's own
"""
