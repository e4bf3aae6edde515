"""The web server over small archives, asked by HTTP."""
