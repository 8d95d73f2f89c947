import t from 'tap'
import { connect, throughIndexes } from '../../src/database/connect.ts'
import {
  advanceUploadSql,
  deleteUploadSql,
  findUploadSql,
  finishUploadSql,
  leaveUploadSql,
  renewUploadSql,
  restartUploadSql,
  takeUploadSql
} from '../../src/uploads/queries.ts'
import { expireUploadsSql, knowsUploadSql } from '../../src/uploads/tasks/expire-uploads.ts'
import { borrowDatabase } from '../harness/database.ts'

t.test('an upload is found by its id, what has expired by its time, and that of a film by the film', async t => {
  const db = connect(await borrowDatabase(t), { name: 'plans', max: 1, settings: throughIndexes })
  t.teardown(() => db.close())
  await db.pool.query(`
    insert into darkroom.films (id, filename, bytes, sha256, task_id)
      select gen_random_uuid(), 'film.mp4', 1, '', gen_random_uuid() from generate_series(1, 1000);
    insert into darkroom.uploads (id, filename, length, received, video_id, expires_at)
      select id, 'film.mp4', 1, 1, id, now() + interval '1 day' from darkroom.films;
    insert into darkroom.uploads (id, filename, length, expires_at)
      select gen_random_uuid(), 'film.mp4', 1, now() + interval '1 day' from generate_series(1, 1000);
    update darkroom.uploads set expires_at = now() - interval '1 second'
      where id = (select id from darkroom.uploads where video_id is null limit 1);
    analyze darkroom.films, darkroom.uploads`)
  const { rows } = await db.pool.query('select id from darkroom.uploads where video_id is not null limit 1')
  const id = `'${rows[0].id}'`

  const statements: [text: string, ...values: string[]][] = [
    [findUploadSql, id],
    [takeUploadSql, id, id, '0'],
    [renewUploadSql, id, id, '60'],
    [advanceUploadSql, id, id, '60', '1'],
    [leaveUploadSql, id, id, '60', '1', 'null'],
    [restartUploadSql, id, id],
    [finishUploadSql, id, id, '1'],
    [deleteUploadSql, id],
    [expireUploadsSql],
    [knowsUploadSql, id],
    [`delete from darkroom.films where id = $1`, id],
    [`select id from darkroom.uploads where id in ($1)`, id]
  ]
  for (const [index, [text, ...values]] of statements.entries()) {
    await db.pool.query(`prepare upload_${index} as ${text}`)
    await db.pool.query('begin')
    const given = values.length > 0 ? `(${values.join(', ')})` : ''
    const { rows } = await db.pool.query(`explain (analyze, buffers, summary off) execute upload_${index} ${given}`)
    await db.pool.query('rollback')
    const plan = rows.map(row => row['QUERY PLAN']).join('\n')
    t.notMatch(plan, /Seq Scan/, `${text}\n${plan}`)
    t.notMatch(plan, /Rows Removed by Filter: \d{3,}/, `${text}\n${plan}`)
  }
})
