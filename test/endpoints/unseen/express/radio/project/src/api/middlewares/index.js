import withListener from './withListener.js';
import loggedIn from './loggedIn.js';

export default { withListener, loggedIn };
