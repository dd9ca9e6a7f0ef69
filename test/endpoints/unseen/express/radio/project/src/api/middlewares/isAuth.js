import { expressjwt } from 'express-jwt';

const isAuth = expressjwt({ secret: 'x', algorithms: ['HS256'] });

export default isAuth;
