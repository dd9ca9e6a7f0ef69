/** Registers. */
async function register(req, res) {}

/**
 * @desc Log in
 */
const login = async (req, res) => {};

/** Who am I?
 */
const getMe = async (req, res) => {};

const logout = (req, res) => res.json({});

module.exports = {
  register,
  login,
  getMe,
  logout,
  /** Sends a mail with a token. */
  forgot: async (req, res) => {},
  /** Takes the token. */
  async reset(req, res) {},
};
