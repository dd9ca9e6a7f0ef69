import { Router } from 'express'
const r = Router()
r.get('/b', (q, s) => s.end())
export { r as default }
