const crud = require('./crud');
const { health } = require('./health');

module.exports = { ...crud, health, VERSION: '2024-01' };
