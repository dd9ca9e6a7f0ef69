export enum Paths {
  Orders = '/orders',
  Invoice = '/:id/invoice.pdf',
}
