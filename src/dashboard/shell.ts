/**
 * No inline script, no inline style, no `unsafe-` word: what a task or a file name says cannot run. `trusted-types 'none'`
 * and what requires them turn off every sink that parses a string as HTML or script.
 */
export const pagePolicy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data: blob:",
  "media-src 'self' blob:",
  "connect-src 'self'",
  "manifest-src 'self'",
  "form-action 'self'",
  "base-uri 'none'",
  "frame-ancestors 'none'",
  "require-trusted-types-for 'script'",
  "trusted-types 'none'"
].join('; ')

/** From the address of a page to /ui/, relative: a proxy may serve it below any path. */
export function wayUp(url: string) {
  const [path = ''] = url.split(/[?#]/)
  const depth = path.split('/').length - '/ui/'.split('/').length
  return depth < 0 ? 'ui/' : '../'.repeat(depth)
}

/** What the list asks for first, where its address has no filter: it comes while the scripts do. */
function ahead(url: string) {
  return /\/ui\/tasks$/.test(url)
    ? `<link rel="preload" as="fetch" crossorigin href="${wayUp(url)}../api/tasks?limit=100">\n`
    : ''
}

export function shell(url: string, { script, style, parts }: { script: string; style: string; parts: string[] }) {
  const assets = `${wayUp(url)}assets/`
  return page(
    ahead(url) +
      `<link rel="stylesheet" href="${assets}${style}">
<script type="module" src="${assets}${script}"></script>
${parts.map(part => `<link rel="modulepreload" href="${assets}${part}">`).join('\n')}`,
    `<div id="app"></div>
<noscript>
<main>
<h1>Darkroom</h1>
<p>The dashboard needs JavaScript. Without it, ask the API:</p>
<pre>curl ${example('/api/problems')}
curl ${example('/api/tasks?state=FAILURE')}
curl ${example('/api/tasks/&lt;id&gt;/why')}
curl -X POST ${example('/api/tasks/&lt;id&gt;/retry')}
curl -X POST ${example('/api/queues/&lt;name&gt;/resume')}</pre>
</main>
</noscript>`
  )
}

/** Where the scripts cannot be made. */
export function notBuilt(reason: string) {
  return page(
    '',
    `<main>
<h1>The dashboard cannot be shown</h1>
<p>Its scripts are bundled by esbuild, and that failed here: ${escaped(reason)}</p>
<p>Start the service by <code>scripts/server</code>, which installs what is missing, or run
<code>npm ci &amp;&amp; node src/dashboard/build.ts</code> in its folder. The API is not affected: see
<code>/docs</code>.</p>
</main>`
  )
}

function page(head: string, body: string) {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>Darkroom</title>
<link rel="icon" href="data:,">
${head}
</head>
<body>
${body}
</body>
</html>
`
}

function example(path: string) {
  return `"http://127.0.0.1:8000${path}"`
}

function escaped(text: string) {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')
}
