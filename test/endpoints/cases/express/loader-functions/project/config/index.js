process.env.NODE_ENV = process.env.NODE_ENV || 'development'
module.exports = { api: { prefix: process.env.API_PREFIX || '/api' }, env: process.env.NODE_ENV }
