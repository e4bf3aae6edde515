"""What a crawl receives is kept: exchanges in segments, segments in the storage, pages as records.

Modules:

    captured         what the frontier is told of an attempt
    counts           what a run has done so far
    deriving         pages become records in worker processes
    event_log        what happens, as JSON lines for log collectors
    fetch_gate       whether fetching may go on
    housekeeping     repeated work: sync, close segments, watch disk and backlog
    local_services   frontier, spool, extraction and storage of this machine, put together
    page_feedback    what derived pages teach the frontier
    recent_captures  captures that are written but not yet durable
    recorder         exchanges into segments
    run_lock         only one `crawl --due` at a time
    source_reading   what a run read from a source
    spool            open segments, closed ones waiting for storage, and their records
    spool_recovery   finishing and storing what earlier runs left in the spool
    state_adoption   a state becomes an archive's before anything is written to it
    storing          closed segments into storage, for as long as it takes
"""
