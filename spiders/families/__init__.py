"""The spiders.

Modules:

    base      what all of them do: sites in, requests with a discovery out, problems announced
    news      feeds, sitemaps and sections of sites, and from them the articles
    url_list  exactly the pages of a list
"""
