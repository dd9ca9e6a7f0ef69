/** Calls a method of a service. */
export const call = (service, method) => async (req, res, next) => {
  try {
    res.json(await service[method](req.params, req.body));
  } catch (error) {
    next(error);
  }
};
