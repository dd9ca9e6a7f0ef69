const { Router } = require('express');
const auth = require('../controllers/auth');
const { protect } = require('../middleware/auth');

const router = Router();

router.post('/register', auth.register);
router.post('/login', auth.login);
router.get('/me', protect, auth.getMe);
router.get('/logout', auth.logout);
router.post('/forgot-password', auth.forgot);
/** Resets a password with a token. */
router.put('/reset-password/:token', auth.reset);

module.exports = router;
