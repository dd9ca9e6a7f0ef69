import { Router } from 'express';
import { AuthController } from '../../controllers/auth.controller.js';
const router = Router();
const controller = new AuthController();
router.post('/login', controller.login);
router.post('/refresh', (req, res) => controller.refresh(req, res));
export default router;
