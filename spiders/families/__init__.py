"""The spiders.

Modules:

    base      the base of all spiders: sites in, requests with a discovery out, problems reported
    news      feeds, sitemaps and sections of sites, and from them the articles
    url_list  exactly the pages in a list
"""
