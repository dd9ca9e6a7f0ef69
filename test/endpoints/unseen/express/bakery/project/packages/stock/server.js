const express = require('express');
const { health } = require('@bakery/shared');

class Server {
  constructor() {
    this.app = express();
    this.paths = { flour: '/stock/flour', yeast: '/stock/yeast' };
    this.middlewares();
    this.routes();
    health(this.app, 'stock');
  }

  middlewares() {
    this.app.use(express.json());
    this.app.use(express.static('public'));
  }

  routes() {
    this.app.use(this.paths.flour, require('./routes/goods')('flour'));
    this.app.use(this.paths.yeast, require('./routes/goods')('yeast', true));
  }

  listen() {
    this.app.listen(process.env.PORT || 3001);
  }
}

const server = new Server();
server.listen();
