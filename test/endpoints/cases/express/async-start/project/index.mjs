import express from 'express'
import mongoose from 'mongoose'
import { connect } from './db.mjs'

start()
const prefix = '/later'
const routes = express.Router()
routes.get('/r', (req, res) => res.end())

async function start () {
  const app = express()
  app.get('/first', (req, res) => res.end())
  try {
    await connect()
    const [a, b] = await Promise.all([load('a'), load('b')])
    app.use(prefix, routes)
    app.use('/ab', a, b)
    await mongoose.connect('x', { useNewUrlParser: true })
    app.get('/connected', (req, res) => res.end())
    new Promise(resolve => setTimeout(() => resolve('/timed'), 1)).then(path => {
      app.get(path, (req, res) => res.end())
    })
    app.listen(3000)
  } catch (error) {
    app.get('/never', (req, res) => res.end())
    process.exit(1)
  }
}

const load = async name => {
  const module = await import(`./routes/${name}.mjs`)
  return module.default
}
