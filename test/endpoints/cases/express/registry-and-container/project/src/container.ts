type Factory<T> = () => T;
class Container {
  private readonly factories = new Map<string, Factory<any>>();
  private cache: Record<string, any> = {};
  set<T>(name: string, factory: Factory<T>): this { this.factories.set(name, factory); return this; }
  get<T>(name: string): T { return (this.cache[name] ??= this.factories.get(name)!()); }
}
export const container = new Container().set('port', () => 3000).set('prefix', () => '/svc').set('users', () => ({ list: (req: any, res: any) => res.end() }));
export type { Container };
