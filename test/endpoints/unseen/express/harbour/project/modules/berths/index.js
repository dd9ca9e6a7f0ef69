module.exports = {
  mount: 'quays/berths',
  setup(router) {
    router.route('/:quay/:number')
      /** Who lies there. */
      .get((req, res) => res.json({}))
      /** Moors. */
      .put((req, res) => res.json({}))
      .delete((req, res) => res.json({}));
  },
};
