const path = require('path');
const express = require('express');
const dotenv = require('dotenv');
const morgan = require('morgan');
const fileupload = require('express-fileupload');
const rateLimit = require('express-rate-limit');
const errorHandler = require('./middleware/error');
const openDatabase = require('./config/db');

dotenv.config({ path: './config/config.env' });

openDatabase();

const trails = require('./routes/trails');
const stages = require('./routes/stages');
const auth = require('./routes/auth');
const users = require('./routes/users');
const reviews = require('./routes/reviews');

const app = express();
app.use(express.json());

if (process.env.NODE_ENV === 'development') {
  app.use(morgan('dev'));
}

app.use(fileupload());
const limiter = rateLimit({ windowMs: 10 * 60 * 1000, max: 100 });
app.use(limiter);
app.use(express.static(path.join(__dirname, 'public')));

app.use('/api/v1/trails', trails);
app.use('/api/v1/stages', stages);
app.use('/api/v1/auth', auth);
app.use('/api/v1/users', users);
app.use('/api/v1/reviews', reviews);

app.use(errorHandler);

const server = app.listen(process.env.PORT || 5000, () => console.log('up'));

process.on('unhandledRejection', (err) => {
  server.close(() => process.exit(1));
});
