import 'dotenv/config';
import { AppDataSource } from './shared/data-source';
import { bootstrap } from './bootstrap';

AppDataSource.initialize()
  .then(() => bootstrap())
  .catch((error: unknown) => console.error(error));
