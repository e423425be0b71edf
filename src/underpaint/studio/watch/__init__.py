"""`underpaint watch`: a folder in which every saved drawing gets its keys, or its finish, beside it."""
