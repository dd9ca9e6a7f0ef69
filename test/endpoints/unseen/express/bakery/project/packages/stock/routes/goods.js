const { Router } = require('express');

module.exports = (name, perishable = false) => {
  const router = Router();
  router.get('/level', (req, res) => res.json({ name }));
  router.put('/level/:grams', (req, res) => res.json({ name }));
  if (perishable) {
    router.get('/expiry', (req, res) => res.json({}));
  }
  return router;
};
