interface Box {
  type: string
  body: Buffer
}

/** The name of a picture's codec in the CODECS of a playlist (RFC 6381), from the settings of its decoder. */
export function codecOfPicture(entry: string, boxes: Box[]): string | null {
  const [settings, name] = names[entry] ?? []
  const found = boxes.find(({ type }) => type === settings)
  return found && name ? name(found.body) : null
}

const names: Record<string, [settings: string, name: (body: Buffer) => string]> = {
  avc1: ['avcC', body => `avc1.${body.toString('hex', 1, 4)}`],
  hvc1: ['hvcC', nameOfHevc],
  vp09: ['vpcC', nameOfVp9],
  av01: ['av1C', nameOfAv1]
}

/** ISO 14496-15, annex E: profile, compatibility with the bits in reverse, tier and level, constraints. */
function nameOfHevc(body: Buffer) {
  const first = body[1]!
  const space = ['', 'A', 'B', 'C'][first >> 6]
  const compatible = [...body.readUInt32BE(2).toString(2).padStart(32, '0')].toReversed().join('')
  const constraints = [...body.subarray(6, 12)].map(byte => byte.toString(16).toUpperCase())
  while (constraints.at(-1) === '0') constraints.pop()
  const tier = `${first & 0x20 ? 'H' : 'L'}${body[12]}`
  return ['hvc1', `${space}${first & 0x1f}`, Number.parseInt(compatible, 2).toString(16), tier, ...constraints].join(
    '.'
  )
}

const two = (number: number) => String(number).padStart(2, '0')

/** Profile, level and bits, behind version and flags. */
function nameOfVp9(body: Buffer) {
  return `vp09.${two(body[4]!)}.${two(body[5]!)}.${two(body[6]! >> 4)}`
}

/** Profile, level and tier, bits. */
function nameOfAv1(body: Buffer) {
  const [, levels, flags] = [...body] as [number, number, number]
  const bits = flags & 0x40 ? (flags & 0x20 ? 12 : 10) : 8
  return `av01.${levels >> 5}.${two(levels & 0x1f)}${flags & 0x80 ? 'H' : 'M'}.${two(bits)}`
}
