"""Keeping what a crawl receives: exchanges in segments, segments in the storage, pages as records.

Modules:

    captured         what is reported to the frontier about an attempt
    counts           what a run has done so far
    custody          the log of custody as configured: keys, sequencer, stamper
    custody_log      logging and stamping what a run stores, in the background
    deriving         extracting records from pages in worker processes
    event_log        events as JSON Lines, for log collectors
    fetch_gate       whether fetching may continue
    housekeeping     repeated work: sync, close segments, watch disk and backlog
    index_keeping    updating the full-text index after segments are stored
    local_services   this machine's frontier, spool, extraction and storage
    page_feedback    updating the frontier from extracted pages
    quiet            until when nothing falls due, as an earlier run has found out
    recent_captures  captures that are written but not yet durable
    recorder         exchanges into segments
    run_lock         only one `crawl --due` at a time, and which process that is
    running_process  a process by more than its number
    source_reading   what a run read from a source
    spool            open segments, closed ones waiting to be stored, and their records
    spool_recovery   finishing and storing what earlier runs left in the spool
    state_adoption   assigning a state directory to an archive before writing to it
    storing          storing closed segments, for as long as it takes
    unpublished      what is captured here and not listed in the archive yet
"""
