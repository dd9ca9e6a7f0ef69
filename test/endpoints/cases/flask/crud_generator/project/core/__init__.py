from .crud import CrudView, crud_blueprint
