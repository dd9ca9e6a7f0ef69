const mongoose = require('mongoose');

const openDatabase = async () => {
  const conn = await mongoose.connect(process.env.DATABASE, { useNewUrlParser: true });
  return conn;
};

module.exports = openDatabase;
