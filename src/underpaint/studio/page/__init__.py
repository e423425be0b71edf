"""The web page of the server: plain files in `static/`, and what serves them."""
