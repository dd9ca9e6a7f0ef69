import mongoose from 'mongoose';

export default async () => {
  const { connection } = await mongoose.connect('mongodb://localhost');
  return connection.db;
};
