import dotenv from 'dotenv';

process.env.NODE_ENV = process.env.NODE_ENV || 'development';
dotenv.config();

export default {
  port: parseInt(process.env.PORT || '3000', 10),
  api: { prefix: '/api', version: process.env.API_VERSION || 'v2' },
  agenda: { dbCollection: process.env.AGENDA_DB_COLLECTION },
};
