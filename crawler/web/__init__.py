"""``newswarc serve``: an archive as pages for people and as interfaces for programs.

Needs the extra ``web``. Every page works without JavaScript; nothing is loaded from elsewhere; what was captured is
shown escaped here, and replayed on another origin.

Modules:

    answering        from a request to a page, and what becomes of errors
    application      which page is where, and who may see it
    audit            who changed what
    bounded_work     no more work at once than the machine bears
    citation         an article as BibTeX, RIS and CSL-JSON
    guard            who is let in, and what an answer may do
    plot             where the bars of a plot stand
    policies         from settings to who is let in
    query_form       what a reader asks for, as parameters of an address
    rate             how many requests a client may send
    reading          all that pages read of an archive
    rendering        pages from templates
    research         pages for researchers
    roles            who asks, and what they may do
    serving          running the server
    session_pages    signing in and out, choosing a language
    sessions         browsers that have signed in
    timeline         how many articles there were over time
    tokens           access tokens, of which only digests are kept
    translations     the texts of the pages in other languages
    words_changed    what changed between two versions of an article
"""
