/** Lists items. */
export async function list (req, res) { res.json([]) }

/**
 * Shows an item.
 * It is found by its slug.
 */
export const show = async (req, res) => res.json({})
