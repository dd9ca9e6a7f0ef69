const paged = (model, populate) => async (req, res, next) => {
  res.paged = { success: true, data: await model.find() };
  next();
};

module.exports = paged;
