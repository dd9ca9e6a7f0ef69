from app import app, db


@app.errorhandler(500)
def internal_error(error):
    db.session.rollback()
    return "sorry", 500
