from helpdesk import app

@app.route("/lost")
def lost():
    return {"a": 
