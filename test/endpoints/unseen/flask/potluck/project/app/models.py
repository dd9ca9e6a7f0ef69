from app import db


class Guest(db.Model):
    id = db.Column(db.Integer, primary_key=True)
