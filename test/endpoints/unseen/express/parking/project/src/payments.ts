import { Endpoints } from './shared/http';

export class Payments extends Endpoints {
  static create(): Payments {
    const payments = new Payments();
    payments.setup();
    return payments;
  }

  private setup(): void {
    this.get('/payments/open', async () => [])
      .post('/payments/:id/settle', async () => ({}))
      .post('/payments/:id/refund', async () => ({}));
    this.resource('/tariffs', 'tariff');
    this.resource('/receipts', 'receipt');
  }
}
