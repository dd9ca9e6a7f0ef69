from api.server import Server

app = Server("/base").build()
