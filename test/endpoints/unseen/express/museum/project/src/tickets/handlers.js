exports.buy = buy
exports.check = check

/** Sells a ticket.
 *
 * @param {object} req
 */
async function buy (req, res) {}

/* Only a comment. */
function check (req, res) {}
