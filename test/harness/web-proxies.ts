import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFile, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { connect } from 'node:tls'
import { promisify } from 'node:util'
import type { Test } from 'tap'
import { until } from './until.ts'

interface Behind {
  /** Address of the service. */
  address: string
  /** Port that browsers use. */
  port: number
  /** Path of PUBLIC_URL. */
  prefix: string
  folder: string
}

interface WebProxy {
  program: string
  /** Writes its configuration and returns the arguments that start it in the foreground. */
  configure(snippet: string, behind: Behind): Promise<string[]>
}

const usual = '127.0.0.1:8000'

/** Proxies of the README. Its text is taken as it is, but for addresses, certificates and the path. */
export const webProxies: Record<string, WebProxy> = {
  Caddy: {
    program: 'caddy',
    async configure(snippet, { address, port, prefix, folder }) {
      const below =
        prefix === '' ? snippet : snippet.replace(/reverse_proxy.*?\n {2}\}/s, `handle_path ${prefix}/* {\n$&\n}`)
      const site = below.replace('films.example {', `films.example:${port} {`).replace(usual, new URL(address).host)
      const file = path.join(folder, 'Caddyfile')
      // Certificates of its own are of an authority of its own here.
      const options = `admin off\nlocal_certs\nskip_install_trust\nauto_https disable_redirects\nstorage file_system ${folder}`
      await writeFile(file, `{\n${options}\n}\n${site}`)
      return ['run', '--config', file, '--adapter', 'caddyfile']
    }
  },
  nginx: {
    program: 'nginx',
    async configure(snippet, { address, port, prefix, folder }) {
      const files = [path.join(folder, 'privkey.pem'), path.join(folder, 'fullchain.pem')] as const
      await promisify(execFile)('openssl', [
        ...['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '1'],
        ...['-subj', '/CN=films.example', '-keyout', files[0], '-out', files[1]]
      ])
      const site = snippet
        .replace('listen 443', `listen 127.0.0.1:${port}`)
        .replaceAll('/etc/letsencrypt/live/films.example', folder)
        .replace(usual, new URL(address).host)
        .replace('location / {', `location ${prefix}/ {`)
        .replace('proxy_pass http://darkroom;', prefix === '' ? '$&' : 'proxy_pass http://darkroom/;')
      const places = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(each => `${each}_temp_path ${folder};`)
      const http = `access_log off; ${places.join(' ')}\n${site}`
      const file = path.join(folder, 'nginx.conf')
      await writeFile(file, `error_log ${folder}/error.log; pid ${folder}/nginx.pid; events {} http {\n${http}\n}`)
      return ['-p', folder, '-c', file, '-g', 'daemon off; master_process off;']
    }
  }
}

const PATH = `${process.env.PATH}:/usr/sbin:/usr/local/sbin`

/** Why a test of this proxy is skipped; false where it is installed. */
export async function isNotInstalled(name: string) {
  const { program } = webProxies[name]!
  return promisify(execFile)('sh', ['-c', `command -v ${program}`], { env: { PATH } }).then(
    () => false as const,
    () => `${program} is not installed, so the README's configuration for ${name} is not tried`
  )
}

/** Starts a proxy with the README's text for it, and resolves when it takes connections. */
export async function startWebProxy(t: Test, name: string, address: string, publicUrl: URL) {
  const readme = await readFile(path.resolve(import.meta.dirname, '../../README.md'), 'utf8')
  const pattern = new RegExp(`by ${name}:\\n\\n( +)\`\`\`\\n(.*?)\\n\\1\`\`\``, 's')
  const [, indent, text] = pattern.exec(readme)!
  const snippet = text!.replaceAll(new RegExp(`^${indent}`, 'gm'), '')
  const port = Number(publicUrl.port)
  const prefix = publicUrl.pathname.replace(/\/$/, '')
  const { program, configure } = webProxies[name]!
  const folder = t.testdir()
  const args = await configure(snippet, { address, port, prefix, folder })
  const proxy = spawn(program, args, {
    env: { PATH, HOME: folder, XDG_DATA_HOME: folder },
    stdio: ['ignore', 'ignore', 'pipe']
  })
  let said = ''
  proxy.stderr.on('data', chunk => {
    said += chunk
  })
  const ended = once(proxy, 'exit')
  t.teardown(async () => {
    proxy.kill('SIGTERM')
    await ended
  })
  await until(async () => {
    if (proxy.exitCode !== null) throw new Error(`${name} has ended: ${said}`)
    return takesConnections(port)
  }, `${name} takes connections`)
}

/** With TLS: Caddy listens before it has made its certificate. */
function takesConnections(port: number) {
  return new Promise<boolean>(resolve => {
    const options = { host: '127.0.0.1', port, servername: 'films.example', rejectUnauthorized: false }
    const socket = connect(options, () => {
      socket.destroy()
      resolve(true)
    })
    socket.on('error', () => resolve(false))
  })
}
