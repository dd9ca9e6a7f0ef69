from flask_restx import fields

from observatory.api.restx import api

night = api.model("Night", {
    "id": fields.Integer(readonly=True),
    "date": fields.Date(required=True),
})
