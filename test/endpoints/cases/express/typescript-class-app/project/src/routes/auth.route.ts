import { BaseRoute } from './base.route';
import { Methods } from '../constants';

export class AuthRoute extends BaseRoute {
  constructor(path: string, private guard?: any) {
    super(path);
    this.register();
  }

  protected register(): void {
    this.router.post(`${this.path}/login`, this.login);
    this.router[Methods.Post](`${this.path}/logout`, this.logout.bind(this));
  }

  /** Log in. */
  private login = async (req: any, res: any) => { res.end(); };

  /**
   * Log out.
   */
  private logout(req: any, res: any) { res.end(); }
}
