const attachUser = async (req, res, next) => next();

export default attachUser;
