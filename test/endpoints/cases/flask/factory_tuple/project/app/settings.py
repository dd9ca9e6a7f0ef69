URL_PREFIX = "/api"
