exports.list = (Model) => async (req, res) => res.json(await Model.find());
exports.one = (Model) => async (req, res) => res.json(await Model.findById(req.params.id));
exports.create = (Model) => async (req, res) => res.status(201).json(await Model.create(req.body));
exports.update = (Model) => async (req, res) => res.json({});
exports.remove = (Model) => async (req, res) => res.status(204).end();
