/** Customs tell us that a ship is cleared. */
module.exports = function customs(req, res) {
  res.sendStatus(204);
};
