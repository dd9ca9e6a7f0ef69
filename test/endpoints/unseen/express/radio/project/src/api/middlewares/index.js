import attachUser from './attachUser.js';
import isAuth from './isAuth.js';

export default { attachUser, isAuth };
