import express from 'express';

const router = express.Router();

/** Harvests by year. */
router.get('/{:year}', (_req, res) => { res.json([]); });

router.route('/:year/crates')
  .get((_req, res) => { res.json([]); })
  .post((_req, res) => { res.status(201).end(); });

router.all('/:year/*rest', (_req, res) => { res.status(410).end(); });

export { router as default };
