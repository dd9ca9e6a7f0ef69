import { DataSource } from 'typeorm';
import { Lot } from '../lots/entity';

export const AppDataSource = new DataSource({ type: 'postgres', entities: [Lot] });
