const winston = require('winston')
const { combine, timestamp } = winston.format
module.exports = winston.createLogger({ format: combine(timestamp()), transports: [new winston.transports.Console()] })
