import express, { json } from 'express'
import { createServer } from 'node:http'
import api, { adminRouter as admin } from './api/index.js'
import * as health from './health.js'

const app = express()
app.use(json())
app.use('/api', api)
app.use('/admin', admin)
app.use(health.router)
const server = createServer(app)
server.listen(3000)
export { app }
