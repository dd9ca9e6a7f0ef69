import { Router } from 'express';
const router = Router();
router.get('/x', (req, res) => { res.end(); });
export = router;
