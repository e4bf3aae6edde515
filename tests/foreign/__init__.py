"""Files that other people's programs write, and what an import makes of them."""
