export enum Season {
  Spring = 'spring',
  Autumn = 'autumn',
}

export const treeService = {
  async all() { return []; },
};
