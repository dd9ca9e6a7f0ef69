export const modules = [
  { path: '/trees', load: () => import('./trees/routes.js') },
  { path: '/harvests', load: () => import('./harvests/routes.js') },
  { path: '/', load: () => import('./me.js') },
];
