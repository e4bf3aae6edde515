"""What a page needs to display properly: styles, pictures, scripts, fonts.

Modules:

    collection  the requisites of one page, requested a few at a time and within limits
    found       A requisite, as it was found
    markup      what an HTML document names
    requests    from a page to the requests for its requisites, and on from those that name further ones
    scripts     what a script names in so many words
    styles      what a style sheet names
"""
