"""A newspaper on a real CMS: WordPress from Debian's packages, on PHP's own server and a private MariaDB.

wordpress   the site: set up, seeded, changed, ended
seed.php    what is done from within WordPress: the installation, the posts, their corrections
run         the crawls, and what has to come of them
"""
