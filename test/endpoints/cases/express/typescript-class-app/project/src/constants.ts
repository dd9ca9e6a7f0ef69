export enum Methods { Get = 'get', Post = 'post' }
export namespace Paths { export const users = '/users'; }
