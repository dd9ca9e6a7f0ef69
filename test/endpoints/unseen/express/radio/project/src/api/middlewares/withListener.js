const withListener = async (req, res, next) => next();

export default withListener;
