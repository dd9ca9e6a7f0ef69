export class Config {
  static readonly version = 2;
  static get base(): string { return `/v${Config.version}`; }
}
