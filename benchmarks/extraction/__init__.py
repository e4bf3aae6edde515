"""How good extraction is and what it costs, on pages with known texts, titles, dates and authors.

data       pages and what is known of them
scores     how near an extracted text, title or list of authors comes
training   the block models, from the pages; cross-validated by domain
nested     what a choice promises, and what of it is kept on other domains
run        the report: quality, cost, ablation, beside other extractors
peers      the other extractors, in an environment of their own
same_records   the same records from many runs, some of them on a busy machine
worker_memory  memory of a process that extracts page after page
"""
