from apiflask import APIFlask, APIBlueprint, Schema
from apiflask.fields import Integer, String
from apiflask.views import MethodView

app = APIFlask(__name__, title="Pets", docs_path="/reference")
bp = APIBlueprint("pets", __name__, url_prefix="/pets", tag="Pets")


class PetOut(Schema):
    id = Integer()
    name = String()


@app.get("/")
def hello():
    """Say hello

    To everybody.
    """
    return {}


@bp.get("/<int:pet_id>")
@bp.output(PetOut)
@bp.doc(summary="Not Flask's")
def get_pet(pet_id):
    return {}


@bp.route("/")
class Pets(MethodView):
    @bp.output(PetOut(many=True))
    def get(self):
        """All pets"""
        return []

    @bp.input(PetOut)
    def post(self, json_data):
        """A new pet"""
        return {}


app.register_blueprint(bp)
