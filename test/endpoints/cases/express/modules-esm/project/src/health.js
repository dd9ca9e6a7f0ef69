import { Router } from 'express'
export const router = Router()
router.get('/healthz', (req, res) => res.sendStatus(200))
export { router as default }
