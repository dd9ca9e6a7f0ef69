import { Column, Entity, PrimaryGeneratedColumn } from 'typeorm';

@Entity('lots')
export class Lot {
  @PrimaryGeneratedColumn('uuid')
  id!: string;

  @Column({ length: 40 })
  name!: string;
}
