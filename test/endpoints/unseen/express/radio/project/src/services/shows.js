export class ShowService {
  async list() { return []; }

  async create(params, body) { return body; }

  async find({ slug }) { return { slug }; }

  async update() {}

  async remove() {}

  async episodes() { return []; }
}
