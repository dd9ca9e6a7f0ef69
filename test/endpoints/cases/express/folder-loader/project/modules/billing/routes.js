module.exports = app => { app.get('/billing', (req, res) => res.end()) }
