from fastapi import FastAPI

from catalogue.entities import ENTITIES
from catalogue.generic import CRUDRouter, ReadOnlyRouter
from catalogue.search import search_router
from catalogue.settings import get_settings

settings = get_settings()
app = FastAPI(title="Catalogue", docs_url=settings.docs_url)

for name, (schema, writable) in ENTITIES.items():
    kind = CRUDRouter if writable else ReadOnlyRouter
    app.include_router(kind(schema, name), prefix=settings.base_path)

app.include_router(search_router, prefix=settings.base_path + "/search", tags=["search"])


def add_reports(target: FastAPI, names):
    def make(report_name: str):
        def report():
            return report_name

        report.__name__ = f"report_{report_name}"
        report.__doc__ = f"The {report_name} report."
        return report

    for report_name in names:
        target.get(f"{settings.base_path}/reports/{report_name}", tags=["reports"])(make(report_name))


add_reports(app, ["daily", "weekly", "monthly"])
