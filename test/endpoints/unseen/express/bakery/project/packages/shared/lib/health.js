exports.health = (app, name) => {
  app.get('/healthz', (req, res) => res.json({ name }));
};
