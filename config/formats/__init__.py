"""What Django's own formats of dates and numbers lack."""
