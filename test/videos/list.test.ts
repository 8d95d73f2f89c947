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

  t.strictSame((await service.get('/api/videos')).json(), { items: [], next_cursor: null })
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
