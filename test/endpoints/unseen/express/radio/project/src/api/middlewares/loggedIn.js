import { expressjwt } from 'express-jwt';

const loggedIn = expressjwt({ secret: 'x', algorithms: ['HS256'] });

export default loggedIn;
