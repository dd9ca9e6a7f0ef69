const express = require('express')
const posts = require('../controllers/posts')
const comments = require('./comments.routes')
const router = express.Router()
router.route('/').get(posts.list).post(posts.create)
router
  .route('/:postId')
  /** One post. */
  .get(posts.one)
  .delete(posts.remove)
router.use('/:postId/comments', comments)
module.exports = router
