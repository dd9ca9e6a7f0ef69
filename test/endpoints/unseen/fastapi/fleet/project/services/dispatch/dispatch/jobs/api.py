from dispatch.base import Controller


class JobController(Controller):
    prefix = "/jobs"
    tags = ["jobs"]

    def register(self):
        self.router.add_api_route("/", self.index, methods=["GET"])
        self.router.add_api_route("/", self.create, methods=["POST"], status_code=201)
        self.router.add_api_route("/{job_id}/assign/{driver_id}", self.assign, methods=["PUT"])
        self.router.get("/open", summary="Jobs nobody has taken")(self.open_jobs)

    async def index(self):
        """All jobs."""

    async def create(self):
        """Makes a job."""

    async def assign(self, job_id: int, driver_id: int):
        """Gives a job to a driver."""

    async def open_jobs(self):
        ...
