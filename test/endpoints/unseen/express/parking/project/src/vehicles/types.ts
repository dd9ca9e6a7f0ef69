export interface Vehicle {
  plate: string;
}

export const KINDS = ['cars', 'bikes', 'trucks'] as const;
