import express from 'express'
export const adminRouter = express.Router()
adminRouter.post('/reset', reset)
function reset (req, res) { res.end() }
