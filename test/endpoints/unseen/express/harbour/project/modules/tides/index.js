exports.setup = (router) => {
  const days = ['today', 'tomorrow'];
  days.map((day) => router.get(`/${day}`, (req, res) => res.json({ day })));
  /**
   * Tides of a month
   */
  router.get('/:year-:month', (req, res) => res.json({}));
};
