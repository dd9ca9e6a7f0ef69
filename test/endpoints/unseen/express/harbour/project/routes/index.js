'use strict';

const fs = require('fs');
const path = require('path');
const express = require('express');

/**
 * Mounts each module's router under its name, for every version that it knows.
 */
module.exports = function mount(app, folder) {
  const names = fs.readdirSync(folder);
  names.forEach((name) => {
    const stat = fs.statSync(path.join(folder, name));
    if (!stat.isDirectory()) return;
    const definition = require(`${folder}/${name}`);
    const router = express.Router();
    definition.setup(router);
    (definition.versions || ['v1']).forEach((version) => app.use(`/${version}/${definition.mount || name}`, router));
  });

  app.get('/', (req, res) => res.render('index', { names }));
};
