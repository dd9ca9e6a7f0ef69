import Agenda from 'agenda';

export default async ({ connection }) => {
  const agenda = new Agenda({ mongo: connection });
  agenda.define('clean', async (job, done) => done());
  await agenda.start();
};
