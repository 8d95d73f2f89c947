import t from 'tap'
import { expiryIn, goesOn, isLater, isTooFar, secondsLeft, usualSeconds } from '../../../src/videos/playback/expiry.ts'
import { newKid, signingKey } from '../../../src/videos/playback/signing-key.ts'
import { isSigned, tokenFor, tokenIn } from '../../../src/videos/playback/token.ts'

const key = signingKey(use => Buffer.from(use.padEnd(32, '.')), 'pMbBwz2RkV')
const video = '01980000-0000-7000-8000-000000000002'
const signed = { kid: 'pMbBwz2RkV', exp: 29_400_000, grant: 's' as const, video, epoch: 3 }
const text = tokenFor(key, signed)

function accepts(text: string, film = { video, epoch: 3 }, by = key) {
  const token = tokenIn(text)
  return token !== undefined && isSigned(by, token, film)
}

t.test('a token is of its kid, expiry, grant, film, epoch and key', t => {
  t.match(text, /^pMbBwz2RkV\.29400000\.s\.[\w-]{22}$/)
  t.ok(accepts(text))

  const [kid, exp, grant, mac] = text.split('.') as [string, string, string, string]
  const flip = (part: string, at: number) => {
    const other = part[at] === 'A' ? 'B' : 'A'
    return part.slice(0, at) + other + part.slice(at + 1)
  }
  const others = [
    ...Array.from(mac, (_, at) => [kid, exp, grant, flip(mac, at)]),
    ...Array.from(kid, (_, at) => [flip(kid, at), exp, grant, mac]),
    ...Array.from(exp, (_, at) => [
      kid,
      exp.slice(0, at) + ((Number(exp[at]) + 1) % 10) + exp.slice(at + 1),
      grant,
      mac
    ]),
    ...['d', 'o', 'S', 'x', ''].map(each => [kid, exp, each, mac])
  ].map(parts => parts.join('.'))
  for (const other of others) t.notOk(accepts(other), other)
  t.notOk(accepts(text, { video: video.replace(/2$/, '3'), epoch: 3 }), 'of another film')
  t.notOk(accepts(text, { video, epoch: 4 }), 'revoked')
  t.notOk(accepts(text, { video, epoch: 3 }, key.replace(/.$/, '_')), 'of another key')
  t.end()
})

t.test('what is no token is none', t => {
  const wrong = [
    '',
    '...',
    `${text}.`,
    `.${text}`,
    text.slice(0, -1),
    `${text}A`,
    text.replace('294', '0294'),
    `${text}\n`
  ]
  const odd = [
    text.replace('29400000', '2.94e7'),
    text.replace('29400000', '-1'),
    text.replace('.s.', '.s.s.'),
    `${text}%00`
  ]
  for (const each of [...wrong, ...odd]) t.equal(tokenIn(each), undefined, JSON.stringify(each))
  t.end()
})

t.test('signing keys are text that scanners find, one for each kid', t => {
  t.match(key, /^dr_g_pMbBwz2RkV_[\dA-Za-z]{49}$/)
  const kids = Array.from({ length: 100 }, newKid)
  t.equal(new Set(kids).size, 100)
  t.ok(kids.every(kid => /^[\dA-Za-z]{10}$/.test(kid)))
  const other = signingKey(use => Buffer.from(use.padEnd(32, '.')), 'pMbBwz2RkW')
  t.not(other.split('_')[3], key.split('_')[3])
  t.end()
})

t.test('a film may be begun until the expiry, and one that has begun may be finished', t => {
  const exp = 29_400_000
  const at = (seconds: number) => (exp * 60 + seconds) * 1000
  const begin = (seconds: number) => secondsLeft(exp, at(seconds), { on: false, duration: 600 }) > 0
  const goOn = (seconds: number, duration: number | null = 600) =>
    secondsLeft(exp, at(seconds), { on: true, duration }) > 0

  t.strictSame([-1, 30, 59, 60, 90].map(begin), [true, true, true, false, false])
  t.strictSame(
    [1800, 4199, 4200].map(each => goOn(each)),
    [true, true, false]
  )
  t.ok(goOn(86_400, null), 'of a film that is still being made')

  for (const name of ['hls/master.m3u8', '480p.mp4', 'poster.jpg', 'audio.m4a', 'original'])
    t.notOk(goesOn(name, undefined))
  for (const name of ['hls/480p/index.m3u8', 'hls/480p/x-00000-1.m4s', 'subtitles/en.vtt', 'storyboard-1.jpg']) {
    t.ok(goesOn(name, undefined), name)
  }
  t.ok(goesOn('480p.mp4', 'bytes=100-'))
  const whole = ['bytes=0-', 'bytes=-5', 'bytes=00-5', 'bytes=1-2,4-5', 'bytes=0-,1-', 'x', undefined]
  for (const range of whole) t.notOk(isLater(range), String(range))
  t.end()
})

t.test('links are the same for a quarter of an hour, and none is for longer than a week', t => {
  const now = Date.parse('2026-03-01T09:00:00.000Z')
  const quarter = (time: string) => Date.parse(time) / 60_000
  t.equal(expiryIn(60, now), quarter('2026-03-01T09:15:00Z'))
  t.equal(expiryIn(3600, now), quarter('2026-03-01T10:00:00Z'), 'on the quarter')
  t.equal(expiryIn(3600, now + 1), quarter('2026-03-01T10:15:00Z'))
  t.equal(expiryIn(3600, now + 899_000), quarter('2026-03-01T10:15:00Z'))

  t.notOk(isTooFar(expiryIn(604_800, now + 1), now + 1))
  t.ok(isTooFar(expiryIn(604_800, now) + 30, now))
  t.strictSame([null, 60, 20_000, 1e6].map(usualSeconds), [21_600, 21_600, 40_000, 604_800])
  t.end()
})
