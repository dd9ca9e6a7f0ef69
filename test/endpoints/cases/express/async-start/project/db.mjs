import pg from 'pg'
export const connect = async () => {
  const pool = new pg.Pool()
  return pool.connect()
}
