const express = require('express')
const app = express()
const port = process.env.PORT || 3000

app.use(express.json())
app.set('view engine', 'ejs')

/**
 * Say hello.
 *
 * Greets whoever asks.
 */
app.get('/', (req, res) => res.send('hello'))
app.get('/books', (req, res) => res.json([]))
app.post('/books', (req, res) => res.status(201).end())
app.put('/books/:id', (req, res) => res.end())
app.patch('/books/:id', (req, res) => res.end())
app.delete('/books/:id', (req, res) => res.end())
app.options('/books', (req, res) => res.end())
app.head('/books', (req, res) => res.end())
app.all('/any', (req, res) => res.end())
app.get('/books', (req, res) => res.end('second'))
if (app.get('view engine') === 'pug') {
  app.get('/never', (req, res) => res.end())
}

app.listen(port, () => console.log('listening'))
