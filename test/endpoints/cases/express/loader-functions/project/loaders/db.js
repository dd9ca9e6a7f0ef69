const { MongoClient } = require('mongodb')
module.exports = async () => {
  const client = await MongoClient.connect('mongodb://localhost')
  return client.db('x')
}
