import express = require('express');
import routes from '~/routes/main.js';
import legacy = require('./legacy');
import { Config } from 'config/index';
const app = express();
app.use(Config.base, routes);
app.use('/legacy', legacy);
export = app;
