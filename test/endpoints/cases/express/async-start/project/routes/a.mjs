import { Router } from 'express'
const r = Router()
r.get('/a', (q, s) => s.end())
export default r
