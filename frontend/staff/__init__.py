"""The pages for attendants and managers, behind a login."""
