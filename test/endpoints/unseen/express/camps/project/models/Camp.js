const mongoose = require('mongoose');

const CampSchema = new mongoose.Schema({ name: String });
CampSchema.virtual('courses', { ref: 'Course', localField: '_id' });

module.exports = mongoose.model('Camp', CampSchema);
