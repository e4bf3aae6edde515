"""Provable custody: a log of all that the archive took in, which nobody can change without its being noticed.

Static files beside the archive (or anywhere that they are copied to), as C2SP's tlog-tiles has them::

    custody/checkpoint               the newest checkpoint: origin, size, root, signatures
    custody/tile/L/NNN               hashes of the tree; the last ones partial: tile/0/000.p/7
    custody/tile/entries/NNN         the entries
    custody/checkpoints/SIZE         every checkpoint that was signed, never replaced
    custody/claims/SIZE.json         who may continue the log from a size, and with what, never replaced
    custody/cosignatures/SIZE/…      signatures of a checkpoint by witnesses
    custody/timestamps/SIZE/….tsr    what time authorities answered
    custody/newest.json              where the newest claim is, as a hint

A segment is captured, then stored, then **logged**: when its manifest's entry is under a signed checkpoint. Signing
and checking need ``cryptography``; keys in hardware and time stamps need what the extra ``custody`` brings.

Modules:

    agent        a key in ssh-agent
    audit        the log, and the archive beside it, checked
    claims       who may continue the log, and with what
    entries      what the log says
    hardware     a key behind PKCS#11
    notes        signed notes, verifier keys, checkpoints
    proofs       proofs of single captures
    sequencer    continuing the log
    signing      keys that sign
    standalone   checking proofs, as a program of one file that needs nothing of this one
    tiles        the tree as static files
    timestamps   stamps of checkpoints by time authorities
    wacz_check   a signed WACZ file and the proofs in it, checked
    wacz_signature  signatures of WACZ files, as replay tools check them
    witnesses    cosignatures of checkpoints by others
"""
