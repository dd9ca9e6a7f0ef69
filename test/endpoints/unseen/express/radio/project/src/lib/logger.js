import winston from 'winston';

export default winston.createLogger({ level: 'info' });
