from flask_restx import reqparse

paging = reqparse.RequestParser()
paging.add_argument("page", type=int, required=False, default=1)
