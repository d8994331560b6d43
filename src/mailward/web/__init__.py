"""What both web faces (panel and API) stand on: their settings, the office, who is asking, the headers of an answer."""
