import winston from 'winston';

export default winston.createlog({ level: 'info' });
