from web import server as application
