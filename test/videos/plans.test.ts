import t from 'tap'
import { connect, throughIndexes } from '../../src/database/connect.ts'
import { borrowDatabase } from '../harness/database.ts'

t.test('the views are read through indexes, a page of them and one film alone', async t => {
  const db = connect(await borrowDatabase(t), { name: 'plans', max: 1, settings: throughIndexes })
  t.teardown(() => db.close())
  await db.pool.query(`
    insert into darkroom.films (id, filename, bytes, sha256, task_id)
      select gen_random_uuid(), 'film.mp4', 1, '', gen_random_uuid() from generate_series(1, 2000);
    insert into darkroom.print_sets (id, video_id, task_id, attempt, probe)
      select gen_random_uuid(), id, task_id, 1, '{}' from darkroom.films order by id limit 1000;
    insert into darkroom.prints (set_id, name, status) select id, '480p', 'skipped' from darkroom.print_sets;
    update darkroom.films f set print_set_id = s.id from darkroom.print_sets s where s.video_id = f.id;
    insert into darkroom.tasks (id, task, queue, result_expires, video_id)
      select task_id, 'process_video', 'media', 60, id from darkroom.films;
    analyze darkroom.films, darkroom.print_sets, darkroom.prints, darkroom.tasks`)
  const { rows: some } = await db.pool.query('select id from darkroom.films order by created_at desc, id desc limit 50')
  const ids = `('${some.map(({ id }) => id).join("','")}')`

  for (const query of [
    'select * from darkroom.videos order by created_at desc, id desc limit 50',
    `select * from darkroom.videos where id = '${some[0].id}'`,
    `select * from darkroom.videos where id = '${some[0].id}' for update`,
    `select * from darkroom.renditions where video_id in ${ids}`,
    `update darkroom.videos set filename = 'x' where id = '${some[0].id}'`,
    `delete from darkroom.videos where id = '${some[0].id}'`,
    `select s.* from darkroom.films f join darkroom.print_sets s on s.id = f.print_set_id
      where f.sha256 = '' and f.bytes = 1 order by f.created_at desc limit 1`
  ]) {
    const { rows } = await db.pool.query(`explain (analyze, buffers, summary off) ${query}`)
    const plan = rows.map(row => row['QUERY PLAN']).join('\n')
    t.notMatch(plan, /Seq Scan/, `${query}\n${plan}`)
    t.notMatch(plan, /Rows Removed by Filter: \d{3,}/, `${query}\n${plan}`)
  }
})
