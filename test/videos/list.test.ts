import t from 'tap'
import { openService } from '../harness/service.ts'

t.test('the list is newest first, in pages that a new upload does not shift', async t => {
  const service = await openService(t)
  const ids: string[] = []
  for (let count = 0; count < 5; count++) ids.unshift((await service.keep(`film ${count}`)).id)

  const first = (await service.get('/api/videos?limit=2')).json()
  await service.keep('one more')
  const second = (await service.get(`/api/videos?limit=2&cursor=${first.next_cursor}`)).json()
  const third = (await service.get(`/api/videos/?cursor=${second.next_cursor}`)).json()

  const listed = [...first.items, ...second.items, ...third.items]
  t.strictSame(
    listed.map(({ id }: any) => id),
    ids
  )
  t.equal(first.items.length, 2)
  t.equal(third.next_cursor, null)
  t.strictSame(listed[0], (await service.get(`/api/videos/${ids[0]}`)).json(), 'an item is what the video is')
})

t.test('the list without videos is empty, and so is the page after the last one', async t => {
  const service = await openService(t)

  t.strictSame((await service.get('/api/videos')).json(), {
    items: [],
    next_cursor: null,
    prev_cursor: null,
    searched_until: null
  })
  await service.keep('film')
  t.match((await service.get('/api/videos?limit=1')).json(), { items: [{}], next_cursor: null })
})

t.test('an invalid page is refused, with the name of the parameter', async t => {
  const service = await openService(t)
  await service.keep('film')

  for (const query of ['limit=0', 'limit=1001', 'limit=-1', 'limit=1.5', 'limit=ten', 'limit=', 'limit=1&limit=2']) {
    const response = await service.get(`/api/videos?${query}`)
    t.match(response.json(), { status: 400, code: 'INVALID_REQUEST', errors: [{ field: /^limit/ }] }, query)
  }
  for (const cursor of ['', 'x', 'AAAA', '%00', '-1', Buffer.from('2026-01-01 x').toString('base64url')]) {
    const response = await service.get(`/api/videos?cursor=${cursor}`)
    t.match(response.json(), { status: 400, code: /^INVALID_/ }, cursor)
  }
  t.match((await service.get('/api/videos?sort=name')).json(), { status: 400, errors: [{ field: 'sort' }] })
  t.equal((await service.get('/api/videos?limit=1000')).statusCode, 200)
})

t.test('the list is filtered by status, name and time, and leads back', async t => {
  const service = await openService(t)
  const ids: string[] = []
  for (const name of ['one.mp4', 'Two.mp4', 'three.mov', '50%.mp4', 'five.mp4', 'six.mp4']) {
    ids.unshift((await service.keep('film', name)).id)
  }
  const list = async (query: string) => (await service.get(`/api/videos?${query}`)).json()
  const idsOf = ({ items }: { items: { id: string }[] }) => items.map(({ id }) => id)
  const [six, , fifty, three, two, one] = ids
  const failed = (await service.get(`/api/videos/${three}`)).json()
  await service.post(`/api/tasks/${failed.task_id}/cancel`)

  t.strictSame(idsOf(await list('status=failed')), [three])
  t.strictSame(idsOf(await list('status=uploaded')), ids.toSpliced(3, 1))
  t.strictSame(idsOf(await list('status=-failed,ready')), ids.toSpliced(3, 1))
  t.strictSame(idsOf(await list('status=ready,failed&q=three')), [three])
  t.strictSame(idsOf(await list('status=failed&q=two')), [])
  t.strictSame(idsOf(await list('q=tWo')), [two])
  t.strictSame(idsOf(await list('q=%25')), [fifty])
  t.match((await service.get('/api/videos?status=done')).json(), { status: 400, errors: [{ field: 'status' }] })
  const { rows } = await service.db.pool.query(`select created_at::text as at from darkroom.films where id = $1`, [
    three
  ])
  const at = encodeURIComponent(rows[0].at.replace(' ', 'T').replace('+00', 'Z'))
  t.strictSame(idsOf(await list(`created_before=${at}`)), [two, one])
  t.strictSame(idsOf(await list(`created_after=${at}&q=mp4&status=uploaded`)), ids.slice(0, 3))

  for (const filter of ['', '&q=.m', '&status=uploaded,failed']) {
    const first = await list(`limit=2${filter}`)
    const second = await list(`limit=2${filter}&cursor=${first.next_cursor}`)
    const third = await list(`limit=2${filter}&cursor=${second.next_cursor}`)
    t.strictSame([first, second, third].flatMap(idsOf), ids)
    t.strictSame([first.prev_cursor, third.next_cursor], [null, null])
    const back = await list(`limit=2${filter}&cursor=${third.prev_cursor}`)
    t.strictSame(idsOf(back), idsOf(second))
    const start = await list(`limit=2${filter}&cursor=${back.prev_cursor}`)
    t.strictSame([idsOf(start), start.prev_cursor], [idsOf(first), null])
  }
  t.equal(six, ids[0])
})
