import express from 'express';
import { validate, catchAsync } from '../../middleware.js';
import * as userController from '../../controllers/user.controller.js';
export const userRoute = express.Router();
userRoute.route('/').post(validate({}), userController.createUser).get(userController.getUsers);
userRoute
  .route('/:userId')
  .get(userController.getUser)
  .patch(validate(null), catchAsync(userController.updateUser))
