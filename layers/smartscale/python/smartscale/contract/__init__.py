"""What the API's answers hold: the routers answer with these documents, and the kiosk reads them.

Pure data: pydantic and the domain's own words, so that a client needs nothing of the service.
"""
