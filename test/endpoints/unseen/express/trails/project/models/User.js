const mongoose = require('mongoose');

const UserSchema = new mongoose.Schema({ name: { type: String, required: true } });

UserSchema.pre('save', async function (next) {
  next();
});

module.exports = mongoose.model('User', UserSchema);
