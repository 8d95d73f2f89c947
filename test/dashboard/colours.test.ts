import { readFile } from 'node:fs/promises'
import path from 'node:path'
import t from 'tap'

const css = await readFile(path.resolve(import.meta.dirname, '../../src/dashboard/style/colours.css'), 'utf8')
const pairs = new Map(
  [...css.matchAll(/--([a-z-]+): light-dark\((#[0-9a-f]{6}), (#[0-9a-f]{6})\)/g)].map(([, name, light, dark]) => [
    name!,
    { light: light!, dark: dark! }
  ])
)
const grounds = ['ground', 'raised', 'hover', 'chosen']
const statuses = [...pairs.keys()].filter(name => name.startsWith('status-'))

// How linear RGB looks to eyes without one kind of cone (Machado, Oliveira and Fernandes, 2009).
const sights: Record<string, number[][]> = {
  usual: [
    [1, 0, 0],
    [0, 1, 0],
    [0, 0, 1]
  ],
  protan: [
    [0.152286, 1.052583, -0.204868],
    [0.114503, 0.786281, 0.099216],
    [-0.003882, -0.048116, 1.051998]
  ],
  deutan: [
    [0.367322, 0.860646, -0.227968],
    [0.280085, 0.672501, 0.047413],
    [-0.01182, 0.04294, 0.968881]
  ],
  tritan: [
    [1.255528, -0.076749, -0.178779],
    [-0.078411, 0.930809, 0.147602],
    [0.004733, 0.691367, 0.3039]
  ]
}

t.test('words can be read on each surface, in both schemes', async t => {
  t.equal(statuses.length, 7)
  for (const scheme of ['light', 'dark'] as const) {
    for (const name of [...statuses, 'text', 'soft', 'accent', 'danger']) {
      for (const ground of grounds) {
        const found = contrast(pairs.get(name)![scheme], pairs.get(ground)![scheme])
        t.ok(found >= 4.5, `${name} on ${ground}, ${scheme}: ${found.toFixed(2)}`)
      }
    }
    for (const name of ['accent', 'danger']) {
      const found = contrast(pairs.get(name)![scheme], pairs.get(`on-${name}`)![scheme])
      t.ok(found >= 4.5, `on-${name}, ${scheme}: ${found.toFixed(2)}`)
    }
    const line = contrast(pairs.get('strong-line')![scheme], pairs.get('ground')![scheme])
    t.ok(line >= 3, `fields have an edge, ${scheme}: ${line.toFixed(2)}`)
  }
})

t.test('the statuses differ for eyes of every kind', async t => {
  for (const scheme of ['light', 'dark'] as const) {
    for (const [kind, matrix] of Object.entries(sights)) {
      const seen = statuses.map(name => labOf(seenAs(matrix, linear(pairs.get(name)![scheme]))))
      const distances = seen.flatMap((a, i) =>
        seen.slice(i + 1).map(b => 100 * Math.hypot(...a.map((x, k) => x - b[k]!)))
      )
      t.ok(Math.min(...distances) >= 6, `${scheme}, ${kind}: ${Math.min(...distances).toFixed(1)}`)
    }
  }
})

function linear(hex: string): number[] {
  return [1, 3, 5].map(at => {
    const part = Number.parseInt(hex.slice(at, at + 2), 16) / 255
    return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4
  })
}

function luminance(hex: string) {
  const [r, g, b] = linear(hex)
  return 0.2126 * r! + 0.7152 * g! + 0.0722 * b!
}

function contrast(a: string, b: string) {
  const [light, dark] = [luminance(a), luminance(b)].sort((x, y) => y - x)
  return (light! + 0.05) / (dark! + 0.05)
}

function seenAs(matrix: number[][], rgb: number[]) {
  return matrix.map(row =>
    Math.min(
      1,
      Math.max(
        0,
        row.reduce((sum, part, at) => sum + part * rgb[at]!, 0)
      )
    )
  )
}

function labOf([r, g, b]: number[]) {
  const l = Math.cbrt(0.4122214708 * r! + 0.5363325363 * g! + 0.0514459929 * b!)
  const m = Math.cbrt(0.2119034982 * r! + 0.6806995451 * g! + 0.1073969566 * b!)
  const s = Math.cbrt(0.0883024619 * r! + 0.2817188376 * g! + 0.6299787005 * b!)
  return [
    0.2104542553 * l + 0.793617785 * m - 0.0040720468 * s,
    1.9779984951 * l - 2.428592205 * m + 0.4505937099 * s,
    0.0259040371 * l + 0.7827717662 * m - 0.808675766 * s
  ]
}
