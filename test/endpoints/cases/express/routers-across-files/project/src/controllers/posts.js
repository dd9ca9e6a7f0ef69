class PostsController {
  /**
   * All posts.
   *
   * Newest first.
   *   - with authors
   */
  async list (req, res) { res.json([]) }

  /** Make a post. */
  create = (req, res) => res.end()

  one (req, res) { res.end() }

  remove (req, res) { res.end() }
}
module.exports = new PostsController()
