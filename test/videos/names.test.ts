import t from 'tap'
import { leftovers } from '../harness/leftovers.ts'
import { openService } from '../harness/service.ts'

const content = 'film'

t.test('a file name is kept as it was uploaded, without characters that could mislead a reader', async t => {
  const service = await openService(t)
  const named = (filename: string) => `form-data; name="video"; filename="${filename}"`
  const cases: [what: string, disposition: string | Buffer, filename: string][] = [
    ['an emoji', named('🏖️ am Meer.mp4'), '🏖️ am Meer.mp4'],
    ['a family, which is several characters joined', named('👨‍👩‍👧.mp4'), '👨‍👩‍👧.mp4'],
    ['Arabic', named('فيلم.mp4'), 'فيلم.mp4'],
    ['brackets, blanks and an apostrophe', named(`te[s]t_ video ' _ .flv`), `te[s]t_ video ' _ .flv`],
    ['a percent sign', named('100% 5%41.mp4'), '100% 5%41.mp4'],
    ['quotes as browsers write them', named('say %22hi%22.mp4'), 'say "hi".mp4'],
    ['quotes as curl used to write them', named('say \\"hi\\".mp4'), 'say "hi".mp4'],
    ['a line break as browsers write it', named('a%0D%0Ab.mp4'), 'ab.mp4'],
    ['an encoded name', `form-data; name="video"; filename*=UTF-8''%e2%82%ac%20rates.mp4`, '€ rates.mp4'],
    ['no quotes around it', 'form-data; name=video; filename=plain.mp4', 'plain.mp4'],
    ['an empty one', named(''), 'video'],
    ['blanks only', named('   '), 'video'],
    ['a path upwards', named('../../../etc/passwd'), 'passwd'],
    ['an absolute path', named('/etc/passwd'), 'passwd'],
    ['a path on Windows', named('C:\\\\films\\\\a.mp4'), 'a.mp4'],
    ['only dots', named('..'), 'video'],
    ['one dot', named('.'), 'video'],
    ['an encoded path upwards', `form-data; name="video"; filename*=UTF-8''..%2f..%2fa.mp4`, 'a.mp4'],
    ['an encoded NUL', `form-data; name="video"; filename*=UTF-8''a%00b.mp4`, 'ab.mp4'],
    ['a NUL', named('a\0b.mp4'), 'ab.mp4'],
    ['an escape sequence for a terminal', named('a\x1b[31mb.mp4'), 'a[31mb.mp4'],
    ['an override of the direction', named('a\u202Egnp.mp4'), 'agnp.mp4'],
    ['marks of the direction', named('a\u200F\u200E\u061Cb.mp4'), 'ab.mp4'],
    ['bytes that are not UTF-8', Buffer.from(named('caf\xe9.mp4'), 'latin1'), 'caf\uFFFD.mp4'],
    ['5,000 letters', named(`${'n'.repeat(5_000)}.mp4`), 'n'.repeat(255)],
    ['5,000 emoji', named('🎬'.repeat(5_000)), '🎬'.repeat(255)],
    ['markup', named('<script>alert(1)</script>.mp4'), 'script>.mp4'],
    ['what SQL would fall for', named(`'); drop table videos; --`), `'); drop table videos; --`]
  ]

  for (const [what, disposition, filename] of cases) {
    const response = await service.upload([{ disposition, type: 'video/mp4', content }])

    t.equal(response.statusCode, 201, `${what} ${response.body}`)
    t.equal(response.json().filename, filename, what)
    t.equal((await service.get(`/api/videos/${response.json().id}`)).json().filename, filename, what)
  }
  t.match(await leftovers(service), { videos: cases.length, half_uploads: [] })
})

t.test('a film with a name longer than the parser reads is accepted', async t => {
  const service = await openService(t)

  const response = await service.upload([{ filename: 'n'.repeat(200_000), content }])

  t.match(response.json(), { filename: 'n'.repeat(255), bytes: 4 })
})

t.test('no file name ever becomes part of a path', async t => {
  const service = await openService(t)

  const { id } = await service.keep(content, '..%2f..%2fescape.mp4')

  t.strictSame(await service.files(), [`videos/${id}/original`])
})
