"""What a page needs to look as it did: styles, pictures, scripts, fonts.

markup      what an HTML document names
styles      what a style sheet names
scripts     what a script names in so many words
collection  one page's requisites, asked for a few at a time and within bounds
"""
