"""The page to try the chat with."""

PAGE = """<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><title>Chat</title>
<style>body{font:16px system-ui;max-width:40rem;margin:2rem auto}li{list-style:none}input{width:70%}</style></head>
<body>
<h1>Chat</h1>
<ul id="messages"></ul>
<form id="form"><input id="text" autocomplete="off" placeholder="Say something"><button>Send</button></form>
<script>
const base = location.pathname.replace(/\\/$/, "");
const events = new EventSource(base + "/rooms/lobby/events");
events.addEventListener("message", (event) => {
  const message = JSON.parse(event.data);
  const item = document.createElement("li");
  item.textContent = message.author + ": " + message.text;
  document.getElementById("messages").append(item);
});
document.getElementById("form").addEventListener("submit", async (event) => {
  event.preventDefault();
  const input = document.getElementById("text");
  await fetch(base + "/rooms/lobby/messages", {
    method: "POST",
    headers: {"Content-Type": "application/json"},
    body: JSON.stringify({author: "browser", text: input.value}),
  });
  input.value = "";
});
</script>
</body>
</html>
"""
