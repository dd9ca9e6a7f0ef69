import { Router } from 'express'
import items from './items.js'
export * from './admin.js'
export { default as other } from './items.js'

const router = new Router()
router.use('/items', items)
const { default: late } = await import('./late.js')
router.use('/late', late)
export default router
