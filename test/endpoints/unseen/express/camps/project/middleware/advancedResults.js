const advancedResults = (model, populate) => async (req, res, next) => {
  res.advancedResults = { success: true, data: await model.find() };
  next();
};

module.exports = advancedResults;
