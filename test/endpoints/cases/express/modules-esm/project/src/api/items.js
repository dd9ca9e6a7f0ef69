import { Router } from 'express'
import * as controller from '../controllers/items.js'
const router = Router()
router.get('/', controller.list)
router.get('/:slug', controller.show)
export default router
