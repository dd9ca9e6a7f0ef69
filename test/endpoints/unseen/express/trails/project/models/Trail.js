const mongoose = require('mongoose');

const TrailSchema = new mongoose.Schema({ name: String });
TrailSchema.virtual('stages', { ref: 'Course', localField: '_id' });

module.exports = mongoose.model('Trail', TrailSchema);
