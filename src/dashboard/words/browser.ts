// The first that fits: Edge and Opera say that they are Chrome, and Chrome that it is Safari.
const browsers: [token: RegExp, name: string][] = [
  [/Edg\w*\/(\d+)/, 'Edge'],
  [/OPR\/(\d+)/, 'Opera'],
  [/Firefox\/(\d+)/, 'Firefox'],
  [/Chrom\w*\/(\d+)/, 'Chrome'],
  [/Version\/(\d+).*Safari\//, 'Safari']
]
const systems: [token: RegExp, name: string][] = [
  [/Android/, 'Android'],
  [/iPhone|iPad/, 'iOS'],
  [/Windows/, 'Windows'],
  [/Mac OS X/, 'macOS'],
  [/Linux|X11/, 'Linux']
]

/** "Firefox 140 on Linux", of a User-Agent; one of a program stays as it is. */
export function browserText(agent: string): string {
  const found = browsers.find(([token]) => token.test(agent))
  if (!found) return agent
  const [token, name] = found
  const system = systems.find(([token]) => token.test(agent))
  return `${name} ${token.exec(agent)![1]}${system ? ` on ${system[1]}` : ''}`
}
