"""The studio: the house over HTTP, for pages, plug-ins and programs."""
