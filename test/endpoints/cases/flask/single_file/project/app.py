from flask import Flask, jsonify, request

app = Flask(__name__)

todos = []


@app.route("/")
def index():
    return "hello"


@app.route("/todos", methods=["GET", "POST"])
def todo_list():
    """List or add to-dos.

    A POST adds one:
        - title is required
        - done is not
    """
    if request.method == "POST":
        todos.append(request.json)
    return jsonify(todos)


@app.route("/todos/<int:todo_id>", methods=("PUT", "delete"))
def todo(todo_id):
    '''Change or remove a to-do.'''
    return "", 204


@app.get("/search/<path:query>")
def search(query): return query


@app.post("/login/")
@app.post("/signin")
def login():
    "Sign in."
    return "ok"


if __name__ == "__main__":
    app.run(debug=True)
