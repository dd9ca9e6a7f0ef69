class Settings {
  readonly base: string;

  readonly port = Number(process.env.PORT) || 3000;

  constructor() {
    const version = process.env.API_VERSION ?? '3';
    this.base = `/v${version}`;
  }
}

export const settings = new Settings();
