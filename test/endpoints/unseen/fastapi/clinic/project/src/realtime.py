from fastapi import FastAPI, WebSocket


def register_sockets(app: FastAPI) -> None:
    @app.websocket("/ws/waiting-room/{room}")
    async def waiting_room(socket: WebSocket, room: str):
        await socket.accept()

    async def monitor(socket: WebSocket):
        """Vital signs."""

    app.add_api_websocket_route("/ws/monitor", monitor, name="monitor_socket")
